import ArgumentParser
import Datasets
import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import PictureModels
import Quantization
import Reports
import Text
import Training

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a run's network (or weights from elsewhere) as one ONNX file.",
    discussion: """
      The graph is written as it was trained, so nothing can be lost in a translation; its metadata carry the classes, \
      how pictures are prepared, and how it was trained. With --cases, FILE-cases gets stored inputs and outputs, made \
      of pictures that were kept back, for `giemsa-field verify` on another machine.

      Instead of a run: a .safetensors file of --arch (its own classes, ImageNet's mean and std), or a quantised ONNX \
      file, which is written as the float network that --pretrained starts from.
      """)

  @Argument(help: ArgumentHelp("A run's folder, a .safetensors or an ONNX file.", valueName: "run")) var source: String
  @Option(help: "The ONNX file to write.") var out: String
  @Option(help: ArgumentHelp("The class that is looked for, if not the one the run says.", valueName: "name"))
  var positive: String?
  @Option(help: "How many stored inputs and outputs to write beside it.") var cases = 0
  @Option(help: "Of a .safetensors file: its network.") var arch = ResNetArchitecture.resnet34
  @Option(help: "Of a .safetensors file: pixels a side of the pictures it is for.") var size = 224
  @Option(help: "The folder of pictures, if it is not where the run found it.") var data: String?
  @Option(help: "Threads that compute the cases.") var threads = 1

  func validate() throws {
    guard (0...10000).contains(cases) else { throw ValidationError("--cases \(cases) must be from 0 to 10000") }
    try check(size, 16...4096, "--size")
    guard (1...1024).contains(threads) else { throw ValidationError("--threads \(threads) must be from 1 to 1024") }
  }

  func run() throws {
    try reporting {
      if try exportsFile() { return }
      guard let folder = RunFolder.find(source) else {
        throw RunFolder.foldsFailure(source) ?? CommandFailure("\(source): no run here (no settings.json)")
      }
      let file = try folder.read()
      let graph = try readModel(try folder.modelPath())
      let pictures = cases > 0 ? try keptBack(file) : []
      var metadata = try ModelMetadata(graph.metadata)
      var settings = file.settings
      let chosen = try PositiveClass.choose(settings.classes, option: positive, recorded: settings.positive)
      let old = settings.positive.flatMap { name in settings.classes.firstIndex { $0.isExactly(name) } }
      settings.positive = chosen.map { settings.classes[$0.index] }
      metadata.positive = settings.positive
      metadata.training = try settings.record()
      var described = graph.described(by: metadata, metadata.training)
      if let card = folder.card() {
        if let card = ModelCard.renamed(card, settings.classes, from: old, to: chosen) {
          described.metadata.append((key: "giemsa.card", value: card))
        } else {
          complain("note: the run's card tells rates of another positive class; it is left out of \(out)")
        }
      }
      try writeModel(described, to: out)
      let classes = settings.classes.joined(separator: ", ")
      Console.out("\(out): \(settings.architecture), classes \(classes)".printable)
      Console.out(PositiveClass.told(chosen, of: settings.classes).printable)
      if cases > 0 { try writeCases(pictures) }
    }
  }

  /// Whether `source` is a file of weights, which is written then.
  private func exportsFile() throws -> Bool {
    var graph: Graph
    if source.hasSuffix(".safetensors") {
      graph = try StartingPoint.weights(source, arch, .linear, classes: nil, size: size, seed: 1).graph
      var metadata = ModelMetadata()
      metadata.mean = Preprocessing.imageNetMean
      metadata.std = Preprocessing.imageNetStd
      metadata.inputSize = [size, size]
      graph.metadata = metadata.entries
    } else if source.hasSuffix(".onnx") {
      graph = try readModel(source)
      do { if graph.isQuantized { graph = try graph.dequantized() } } catch {
        throw CommandFailure("\(source): \(error)")
      }
    } else {
      return false
    }
    if let positive {
      var metadata: ModelMetadata
      do { metadata = try ModelMetadata(graph.metadata) } catch { throw CommandFailure("\(source): \(error)") }
      _ = try PositiveClass.choose(metadata.classes, option: positive, recorded: nil)
      metadata.positive = positive
      graph = graph.described(by: metadata, metadata.training)
    }
    guard cases == 0 else { throw CommandFailure("--cases: only a run knows pictures that were kept back") }
    try writeModel(graph, to: out)
    Console.out("\(out): written from \(source)".printable)
    return true
  }

  private func keptBack(_ file: RunFile) throws -> [CellFolder.Item] {
    let folder = data ?? file.data
    let items = file.valid.map { CellFolder.Item(path: "\(folder)/\($0)", label: 0, slide: "") }
    // Evenly through the list, so that every class has its share.
    let count = min(cases, items.count)
    let chosen = (0..<count).map { items[($0 * 2 + 1) * items.count / (count * 2)] }
    for item in chosen where !item.path.withPath({ access($0, R_OK) == 0 }) {
      throw CommandFailure("\(item.path): not there any more; name the pictures' folder with --data")
    }
    if count < cases {
      complain(
        "note: only \(counted(count, "picture")) \(count == 1 ? "was" : "were") kept back; as many cases are written")
    }
    return chosen
  }

  /// Inputs as preprocessing makes them, outputs as the exported file computes them on this machine.
  private func writeCases(_ items: [CellFolder.Item]) throws {
    let predictor = try Predictor(out, batch: 1, threads: threads)
    let names = try readModel(out)
    let (input, output) = (names.values[names.inputs[0]].name, names.values[names.outputs[0]].name)
    let folder = (out.hasSuffix(".onnx") ? String(out.dropLast(5)) : out) + "-cases"
    let loader = BatchLoader(
      items: items, preprocessing: predictor.preprocessing, augmentation: nil, batchSize: 1, shuffle: false,
      dropLast: false, seed: 0, workers: 1, byteBudget: 0)
    loader.start(epoch: 0)
    var number = 0
    while let batch = try loader.next() {
      let path = "\(folder)/case_\(number)"
      do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      } catch {
        throw CommandFailure("\(path): cannot be made")
      }
      try ONNXFile.writeTensor(batch.images, name: input, to: "\(path)/input_0.pb")
      try ONNXFile.writeTensor(try predictor.scores(batch.images), name: output, to: "\(path)/output_0.pb")
      number += 1
    }
    Console.out(
      "\(folder.printable): \(counted(number, "case")); check them elsewhere with giemsa-field verify \(out) \(folder)/*"
    )
  }
}
