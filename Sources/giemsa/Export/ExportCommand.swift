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
    abstract: "Writes a run's network, or weights from another file, as one ONNX file.",
    discussion: """
      The graph is written as it was trained. Its metadata record the classes, the preprocessing and the training \
      settings. With --cases, stored inputs and outputs of validation pictures are written to FILE-cases, for \
      `giemsa-field verify` on another machine.

      The same run gives the same bytes, wherever and whenever it is exported. With --reproducible two runs do so that were \
      trained alike on different days: the card's date is that of SOURCE_DATE_EPOCH, or is left out.

      Instead of a run: a .safetensors file for --arch (with its own classes and ImageNet's mean and std), or a \
      quantised ONNX file, which is written as the dequantised network that --pretrained would start from.
      """)

  @Argument(help: ArgumentHelp("A run's folder, a .safetensors or an ONNX file.", valueName: "run")) var source: String
  @Option(help: "The ONNX file to write.") var out: String
  @Option(help: ArgumentHelp("The positive class. Default: as recorded in the run.", valueName: "name"))
  var positive: String?
  @Option(help: "How many stored inputs and outputs to write beside the file.") var cases = 0
  @Option(help: "For a .safetensors file: its architecture.") var arch = Architecture.resnet34
  @Option(help: "For a .safetensors file: input size, in pixels per side.") var size = 224
  @Option(help: "The folder of pictures, if it has moved since the run.") var data: String?
  @Option(help: "Threads that compute the cases.") var threads = 1
  @Flag(help: "Without the day of the training in the model card (or with that of SOURCE_DATE_EPOCH).")
  var reproducible = false
  @OptionGroup var files: PictureFlags

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
      let pictures = cases > 0 ? try validationPictures(file) : []
      var metadata = try ModelMetadata(graph.metadata)
      var settings = file.settings
      let chosen = try PositiveClass.choose(settings.classes, option: positive, recorded: settings.positive)
      let old = settings.positive.flatMap { name in settings.classes.firstIndex { $0.isExactly(name) } }
      metadata.take(settings)
      metadata.choose(positive: chosen.map { settings.classes[$0.index] })
      settings.positive = metadata.positive
      metadata.training = try settings.record()
      var described = graph.described(by: metadata, metadata.training)
      if let card = folder.card() {
        if let card = ModelCard.renamed(card, settings.classes, from: old, to: chosen) {
          described.metadata.append((key: "giemsa.card", value: dated(card)))
        } else {
          complain("note: the run's model card has rates for another positive class; it is left out of \(out)")
        }
      }
      try writeModel(described, to: out)
      let classes = settings.classes.joined(separator: ", ")
      Console.out("\(out): \(settings.architecture), classes \(classes)".printable)
      Console.out(PositiveClass.told(chosen, of: settings.classes).printable)
      if cases > 0 { try writeCases(pictures) }
    }
  }

  /// Writes `source` if it is a file of weights; returns whether it is.
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
      metadata.choose(positive: positive)
      graph = graph.described(by: metadata, metadata.training)
    }
    guard cases == 0 else { throw CommandFailure("--cases: only a run has validation pictures") }
    graph.metadata = graph.metadata.map { $0.key == "giemsa.card" ? ($0.key, dated($0.value)) : $0 }
    try writeModel(graph, to: out)
    Console.out("\(out): written from \(source)".printable)
    return true
  }

  /// The card as `--reproducible` wants it.
  private func dated(_ card: String) -> String { reproducible ? ModelCard.dated(card, SourceDate.day) : card }

  private func validationPictures(_ file: RunFile) throws -> [CellFolder.Item] {
    let folder = data ?? file.data
    let items = file.valid.map { CellFolder.Item(path: "\(folder)/\($0)", label: 0, slide: "") }
    // Evenly spaced in the list, so that every class is represented.
    let count = min(cases, items.count)
    let chosen = (0..<count).map { items[($0 * 2 + 1) * items.count / (count * 2)] }
    for item in chosen where !item.path.withPath({ access($0, R_OK) == 0 }) {
      throw CommandFailure("\(item.path): no longer there; name the pictures' folder with --data")
    }
    if count < cases {
      complain(
        "note: the run has only \(counted(count, "validation picture")); as many cases are written")
    }
    return chosen
  }

  /// Writes the preprocessed pictures as inputs, and as outputs what the exported file computes for them on this
  /// machine.
  private func writeCases(_ items: [CellFolder.Item]) throws {
    let predictor = try Predictor(out, batch: 1, threads: threads, limits: files.limits)
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
      try makeFolders(path)
      try writeTensor(batch.images, name: input, to: "\(path)/input_0.pb")
      try writeTensor(try predictor.scores(batch.images), name: output, to: "\(path)/output_0.pb")
      number += 1
    }
    let advice = "check them elsewhere with giemsa-field verify \(out) \(folder)/*"
    Console.out("\(folder): \(counted(number, "case")); \(advice)".printable)
  }
}
