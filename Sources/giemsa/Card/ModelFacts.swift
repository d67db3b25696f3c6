import Foundation
import ModelGraph
import ONNXFormat
import PictureModels
import Reports
import Text
import Training

/// What a model's file says about the model: its hashes, its interface and the metadata that the lab wrote.
struct ModelFacts {
  struct Port {
    let name: String
    /// `float32 [N, 3, 64, 64]`
    let format: String
  }

  /// Without its folder.
  let name: String
  let byteCount: Int
  /// SHA-256, in hexadecimal.
  let hash: String
  /// BLAKE2b-256 of each file of external data, as a signature covers it.
  let dataFiles: [(location: String, hash: String)]
  let opset: Int
  let inputs: [Port]
  let outputs: [Port]
  let metadata: ModelMetadata
  /// `giemsa.training`; nil unless it is a JSON object.
  let training: [(key: String, value: JSONTree)]?
  /// `giemsa.quantization`; nil unless it is a JSON object.
  let quantization: [(key: String, value: JSONTree)]?
  /// The Markdown of `giemsa.card`.
  let card: String?
  let license: String?
  let author: String?

  init(_ path: String, license: String?) throws {
    let content: Data
    do { content = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw CommandFailure("\(path): cannot be read")
    }
    let examination = ONNXFile.examine(path)
    if let problem = examination.problems.first { throw CommandFailure("\(path): \(problem)") }
    guard let graph = examination.graph else { throw CommandFailure("\(path): holds no graph") }
    do {
      dataFiles = try ONNXFile.dataFiles(of: path).map { file in
        (file.location, file.hash.map { hexadecimal(UInt32($0), 2) }.joined())
      }
      metadata = try ModelMetadata(graph.metadata)
    } catch { throw CommandFailure("\(path): \(error)") }
    name = PathText.lastComponent(path)
    byteCount = content.count
    hash = ContentHash.hex(content)
    opset = examination.opset ?? Graph.opset
    inputs = graph.inputs.map { Self.port(graph.values[$0]) }
    outputs = graph.outputs.map { Self.port(graph.values[$0]) }
    func entry(_ key: String) -> String? { graph.metadata.first { $0.key == key }?.value }
    func object(_ key: String) -> [(key: String, value: JSONTree)]? {
      guard let text = entry(key),
        case .object(let members)? = try? JSONDecoder().decode(
          JSONTree.self, from: Data(text.utf8))
      else { return nil }
      return members
    }
    training = object("giemsa.training")
    quantization = object(QuantizationRecord.key)
    card = entry("giemsa.card")
    // The keys that ONNX's specification of its format suggests: docs/IR.md, "Optional Metadata".
    self.license = license ?? entry("model_license")
    author = entry("model_author")
  }

  private static func port(_ value: Graph.Value) -> Port {
    guard let declaration = value.declaration else { return Port(name: value.name, format: "unknown") }
    let extents = declaration.dimensions.map { dimension in
      switch dimension {
      case .fixed(let extent): "\(extent)"
      case .symbol(let name): name
      }
    }
    return Port(name: value.name, format: "\(declaration.type) [\(extents.joined(separator: ", "))]")
  }

  func training(_ key: String) -> JSONTree? { training?.first { $0.key == key }?.value }

  /// Rates on validation pictures: those of the card, else those of the metadata; of an int8 model also its accuracy on
  /// the pictures that it was compared on.
  var rates: [ModelCard.Rate] {
    var rates = card.map { ModelCard.rates(in: $0) } ?? []
    if rates.isEmpty {
      let positive = metadata.positive.map { " (\($0))" } ?? ""
      for (name, rate) in [("Sensitivity\(positive)", metadata.sensitivity), ("Specificity", metadata.specificity)] {
        if let rate { rates.append(ModelCard.Rate(name, hits: rate.hits, count: rate.count)) }
      }
    }
    guard let quantization else { return rates }
    func value(_ key: String) -> JSONTree? { quantization.first { $0.key == key }?.value }
    guard case .count(let count)? = value("comparedOn"), count > 0 else { return rates }
    for (name, key) in [
      ("Accuracy, int8", "accuracy"), ("Accuracy, float", "floatAccuracy"),
      ("Agreement of int8 and float", "agreement"),
    ] {
      let share: Double
      switch value(key) {
      case .number(let number)?: share = number
      case .count(let number)?: share = Double(number)
      default: continue
      }
      guard (0...1).contains(share), count <= 1_000_000_000 else { continue }
      rates.append(ModelCard.Rate(name, hits: Int((share * Double(count)).rounded()), count: count))
    }
    return rates
  }

  /// SHA-256 of the pictures' hashes and classes, from the card; nil if it has none.
  var pictureHash: String? { card.flatMap { ModelCard.dataHash(in: $0) } }

  /// Name and value of the metadata that say how pictures are prepared and what the answers mean.
  var settings: [(name: String, value: String)] {
    let apart = ["giemsa.training", "giemsa.training_slides"]
    return metadata.entries.filter { !apart.contains($0.key) }.map { ($0.key, $0.value) }
  }
}
