import ArgumentParser
import Datasets
import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import Quantization
import Reports
import Text

struct QuantizeCommand: ParsableCommand {
  enum Method: String, CaseIterable, ExpressibleByArgument {
    case auto, minmax, percentile, mse, entropy

    var candidates: [CalibrationMethod] {
      CalibrationMethod(rawValue: rawValue).map { [$0] } ?? CalibrationMethod.allCases
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Quantises a float model to 8-bit integers, a quarter of the size.",
    discussion: """
      The result is standard ONNX in QDQ form: uint8 activations and int8 weights with QuantizeLinear and \
      DequantizeLinear. The activation ranges come from the pictures of --calibrate; a third of those is reserved for \
      choosing the method. Finally the float and the int8 model are compared: given a run, on its validation pictures; \
      given an ONNX file, on pictures of the folder that were not used for calibration.
      """)

  @Argument(help: "A float ONNX file, or a run's folder.") var model: String
  @Option(help: ArgumentHelp("Pictures to calibrate on, one subfolder per class.", valueName: "folder"))
  var calibrate: String
  @Option(help: "Number of calibration pictures, spread over classes and slides.") var images = 200
  @Option(help: "How activation ranges are chosen; auto tries all methods.") var method = Method.auto
  @Option(
    name: .customLong("without"), parsing: .singleValue,
    help: ArgumentHelp(
      "A measure not to take; may be given several times.",
      discussion: """
        equalization: factors that give channels like ranges. function-ranges: ranges end where Swish, Sigmoid and the \
        like are constant. weight-clipping: scales that clip the largest weights. bias-correction: biases that keep the \
        channels' means. float-gates: squeeze-and-excitation in float. float-stem, float-head, float-layers: the first, \
        the last or the most sensitive layers in float.
        """, valueName: "measure"))
  var without: [String] = []
  @Option(help: "The ONNX file to write.") var out: String
  @Option(help: "Write an HTML report: tables, noise per layer, the pictures on which the models differ.")
  var report: String?
  @Option(help: "Maximum number of pictures for the comparison of the two models.") var compare = 2000
  @Option(help: "Threads; all processors unless given.") var threads = ProcessInfo.processInfo.activeProcessorCount
  @OptionGroup var pictureModel: ModelFlags
  @OptionGroup var files: PictureFlags

  func validate() throws {
    for name in without where QuantizationMeasure(rawValue: name) == nil {
      let names = QuantizationMeasure.allCases.map { $0.rawValue }.joined(separator: ", ")
      throw ValidationError("--without \(name): no such measure; there are \(names)")
    }
    guard (1...10000).contains(images) else { throw ValidationError("--images \(images) must be from 1 to 10000") }
    guard (1...1_000_000).contains(compare) else {
      throw ValidationError("--compare \(compare) must be from 1 to 1000000")
    }
    guard (1...1024).contains(threads) else { throw ValidationError("--threads \(threads) must be from 1 to 1024") }
  }

  func run() throws {
    try reporting {
      let progress = StageProgress()
      defer { progress.erase() }
      let source = try QuantizationSource(self)
      let batch = source.float.interface.batch
      let chosen = CellFolder.evenly(source.candidates, count: images)
      var (fitting, judging) = (chosen, chosen)
      if chosen.count > 2 {
        fitting = chosen.indices.filter { $0 % 3 != 2 }.map { chosen[$0] }
        judging = chosen.indices.filter { $0 % 3 == 2 }.map { chosen[$0] }
      }
      let (what, items) = source.unseen(chosen, limit: compare)
      for line in try source.contradictions(chosen + items) { complain(line) }
      let quantizer = Quantizer(
        source.prepared, fitting: try source.batches(fitting, batch), judging: try source.batches(judging, batch),
        without: Set(without.compactMap { QuantizationMeasure(rawValue: $0) }), threads: threads,
        progress: progress.update)
      if chosen.count < images { complain("note: only \(counted(chosen.count, "picture")) to calibrate on") }
      if judging.count == chosen.count {
        complain(
          "note: too few pictures to reserve some; methods are compared on the pictures that they were fitted on")
      }
      let result: Quantizer.Result
      do { result = try quantizer.run(method.candidates) } catch { throw CommandFailure("\(source.path): \(error)") }

      var graph = try source.describing(result.graph)
      let quantised = try Predictor(graph, path: out, batch: batch, threads: threads, limits: files.limits)
      let (comparison, answers) = try source.compare(quantised, items, what, threads: threads) {
        progress.update("comparing", $0, $1)
      }
      graph = try source.rated(graph, by: answers)
      graph.metadata.removeAll { $0.key == QuantizationRecord.key }
      graph.metadata.append(
        (QuantizationRecord.key, try QuantizationRecord(result.recipe, images: chosen.count, comparison).text()))
      try writeModel(graph, to: out)
      let names = [out, source.path].map { URL(filePath: $0).lastPathComponent }
      let page = QuantizationReport(
        title: "\(names[0]): \(names[1]) quantised to 8 bits", result: result, comparison: comparison,
        positive: try source.toldPositive(),
        floatBytes: try floatBytes(source.path), quantisedBytes: fileSize(out))
      if let report {
        try writeText(page.page, to: report)
      }
      progress.erase()
      Console.out(
        "\(source.path.printable): \(counted(chosen.count, "picture")) to calibrate on, "
          + "\(counted(Set(chosen.map { $0.slide }).count, "slide"))\n")
      Console.write(page.text)
      Console.out("\(out): written\(report.map { "; report: \($0)" } ?? "")".printable)
    }
  }

  /// Bytes of the float model, including its external data.
  private func floatBytes(_ path: String) throws -> Int {
    max(fileSize(path), try ONNXFile.size(of: try readModel(path)))
  }

  private func fileSize(_ path: String) -> Int {
    (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int).flatMap { $0 } ?? 0
  }
}

/// The metadata entry `giemsa.quantization`.
struct QuantizationRecord: Codable {
  static let key = "giemsa.quantization"

  var version = Giemsa.version
  var method: String
  var images: Int
  var weights: String
  var activations = "uint8"
  var clippedWeights: Bool
  var correctedBiases: Bool
  /// Absent unless true, or not 0.
  var equalizedChannels: Bool?
  var gates: String?
  var floatLayers: Int?
  var stem: String
  var head: String
  var comparedOn: Int
  var floatAccuracy: Double
  var accuracy: Double
  var agreement: Double

  init(_ recipe: Quantizer.Recipe, images: Int, _ comparison: QuantizationComparison) {
    method = recipe.method.rawValue
    self.images = images
    weights = "int8 per channel"
    clippedWeights = recipe.clipsWeights
    correctedBiases = recipe.correctsBiases
    equalizedChannels = recipe.equalizes ? true : nil
    gates = recipe.floatGates ? "float32" : nil
    floatLayers = recipe.floatLayers.isEmpty ? nil : recipe.floatLayers.count
    stem = recipe.floatStem ? "float32" : "int8"
    head = recipe.floatHead ? "float32" : "int8"
    let all = Double(max(1, comparison.pictures))
    comparedOn = comparison.pictures
    floatAccuracy = Double(comparison.floatCorrect) / all
    accuracy = Double(comparison.quantisedCorrect) / all
    agreement = 1 - Double(comparison.differences.count) / all
  }

  /// One line of JSON with sorted keys, so that the same run gives the same bytes.
  func text() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
