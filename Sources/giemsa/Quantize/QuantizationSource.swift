import Datasets
import Foundation
import Imaging
import ModelGraph
import PictureModels
import Quantization
import Reports
import Text

/// The inputs of `quantize`, the float model and the pictures, checked before any work is done.
struct QuantizationSource {
  let path: String
  let float: Predictor
  let prepared: PreparedModel
  /// Pictures that may be calibrated on.
  let candidates: [CellFolder.Item]
  /// The run's validation pictures.
  private let validation: [CellFolder.Item]
  private let cells: CellFolder
  /// The index of each of the folder's classes in the model's scores.
  private let order: [Int]

  /// Batch size: large enough to keep the kernels busy, small enough to keep every layer's result in memory.
  private static let batch = 8

  init(_ command: QuantizeCommand) throws {
    let run = RunFolder.find(command.model)
    var isFolder: ObjCBool = false
    guard run != nil || FileManager.default.fileExists(atPath: command.model, isDirectory: &isFolder) else {
      throw CommandFailure("\(command.model): neither an ONNX file nor a run's folder")
    }
    guard run != nil || !isFolder.boolValue else {
      throw RunFolder.foldsFailure(command.model)
        ?? CommandFailure(
          "\(command.model): not a run (the folder has no settings.json); name an ONNX file or a run's folder")
    }
    path = try run?.modelPath() ?? command.model
    for file in [command.out, command.report].compactMap({ $0 }) { try checkWritable(file) }
    guard URL(filePath: command.out).standardizedFileURL != URL(filePath: path).standardizedFileURL else {
      throw CommandFailure("--out \(command.out): would replace the float model; name another file")
    }
    var graph = try readModel(path)
    if let settings = try run?.read().settings {
      var metadata = try ModelMetadata(graph.metadata)
      metadata.take(settings)
      graph = graph.described(by: metadata, metadata.training)
    }
    let batch = min(Self.batch, command.images)
    let description = command.pictureModel.description
    do {
      let shape = try ClassifierInterface(graph, batch: batch, size: description.size).inputShape
      prepared = try PreparedModel(graph, inputShape: shape)
    } catch {
      throw CommandFailure("\(path): \(error)")
    }
    float = try Predictor(
      graph, path: path, batch: batch, threads: command.threads, limits: command.files.limits, description: description)
    let cells = try CellFolder.listed(command.calibrate)
    self.cells = cells
    order = try float.order(for: cells)
    if let run {
      let valid = Set(try run.read().valid.map { ExactText($0) })
      func isValidation(_ item: CellFolder.Item) -> Bool { valid.contains(ExactText(cells.name(of: item))) }
      validation = cells.items.filter { isValidation($0) }
      candidates = cells.items.filter { !isValidation($0) }
      guard !candidates.isEmpty else {
        throw CommandFailure(
          "\(command.calibrate): has only validation pictures of \(command.model); calibrate on its training pictures"
        )
      }
    } else {
      validation = []
      candidates = cells.items
    }
  }

  /// Records what the float file does not say and the command line does: colours (ImageNet's if neither does), size, bits
  /// and classes.
  func describing(_ graph: Graph) throws -> Graph {
    var metadata = try ModelMetadata(graph.metadata)
    let said = float.described
    if metadata.mean == said.mean, metadata.std == said.std, metadata.centering == said.centering,
      metadata.bits == said.bits, metadata.inputSize == said.inputSize, metadata.classes == said.classes
    {
      return graph
    }
    (metadata.mean, metadata.std, metadata.centering) = (said.mean, said.std, said.centering)
    (metadata.bits, metadata.inputSize, metadata.classes) = (said.bits, said.inputSize, said.classes)
    return graph.described(by: metadata, metadata.training)
  }

  /// The pictures decoded and normalised in batches; labels are the classes' indices in the model's scores.
  func batches(_ items: [CellFolder.Item], _ size: Int) throws -> [CalibrationBatch] {
    let loader = BatchLoader(
      items: items, preprocessing: float.preprocessing, augmentation: nil, batchSize: size, shuffle: false,
      dropLast: false, seed: 0, workers: 2, byteBudget: 0)
    loader.start(epoch: 0)
    var batches: [CalibrationBatch] = []
    while let batch = try loader.next() {
      batches.append(try CalibrationBatch(batch.images, labels: batch.labels.map { order[Int($0)] }, size: size))
    }
    return batches
  }

  /// The pictures to compare the models on, with a description: the run's validation pictures, otherwise pictures that
  /// were not calibrated on, otherwise the calibration pictures.
  func unseen(_ calibrated: [CellFolder.Item], limit: Int) -> (what: String, items: [CellFolder.Item]) {
    if !validation.isEmpty {
      let items = CellFolder.evenly(validation, count: limit)
      return ("\(items.count) of the run's validation set", items)
    }
    let seen = Set(calibrated.map { $0.path })
    let items = CellFolder.evenly(candidates.filter { !seen.contains($0.path) }, count: limit)
    if items.isEmpty {
      return ("the \(counted(calibrated.count, "calibration picture")), as there are no others", calibrated)
    }
    return ("\(items.count) not used for calibration", items)
  }

  /// A line that says which class is positive, if any.
  func toldPositive() throws -> String {
    PositiveClass.told(
      try PositiveClass.choose(cells.classes, option: nil, recorded: float.positive), of: cells.classes)
  }

  /// Reads all pictures that will be used. Throws if one cannot be read; returns a warning for pictures that are in two
  /// classes.
  func contradictions(_ items: [CellFolder.Item]) throws -> [String] {
    var seen: Set<ExactText> = []
    let items = items.filter { seen.insert(ExactText($0.path)).inserted }
    let entries = zip(items, try CellFolder.hashes(items, float.preprocessing.reading)).map {
      PictureRecord(side: .valid, hash: $1, name: cells.name(of: $0)).entry
    }
    return Overlap(train: [], valid: entries).warnings("")
  }

  /// Compares both models' answers.
  ///
  /// - Returns: also the quantised model's answers.
  func compare(
    _ quantised: Predictor, _ items: [CellFolder.Item], _ what: String, threads: Int, progress: (Int, Int) -> Void
  ) throws -> (comparison: QuantizationComparison, answers: [Answer]) {
    var correct = (float: 0, quantised: 0)
    var answers: [Answer] = []
    var differences: [QuantizationComparison.Difference] = []
    let step = 64
    for start in stride(from: 0, to: items.count, by: step) {
      let part = Array(items[start..<min(items.count, start + step)])
      let meant = try float.answers(part, order: order, threads: threads, turns: float.looks > 1)
      let found = try quantised.answers(part, order: order, threads: threads, turns: quantised.looks > 1)
      answers += found
      for (a, b) in zip(meant, found) {
        if a.predicted == a.actual { correct.float += 1 }
        if b.predicted == b.actual { correct.quantised += 1 }
        if a.predicted != b.predicted { differences.append(try difference(a, b)) }
      }
      progress(min(items.count, start + step), items.count)
    }
    let comparison = QuantizationComparison(
      what: what, pictures: items.count, floatCorrect: correct.float, quantisedCorrect: correct.quantised,
      differences: differences)
    return (comparison, answers)
  }

  /// `graph` with the rates of these answers, if they are for all of a run's validation pictures; otherwise as it is.
  func rated(_ graph: Graph, by answers: [Answer]) throws -> Graph {
    guard !validation.isEmpty, answers.count == validation.count,
      let positive = try PositiveClass.choose(cells.classes, option: nil, recorded: float.positive)
    else { return graph }
    var metadata = try ModelMetadata(graph.metadata)
    let report = EvaluationReport(classes: cells.classes, answers: answers, positive: positive)
    let (sensitivity, specificity) = report.observed(positive.index)
    (metadata.sensitivity, metadata.specificity) = (sensitivity, specificity)
    return graph.described(by: metadata, metadata.training)
  }

  private func difference(_ a: Answer, _ b: Answer) throws -> QuantizationComparison.Difference {
    let picture = try PictureFile(a.path, float.preprocessing.reading).picture
    let side = max(picture.width, picture.height)
    let small =
      side <= 128
      ? picture
      : picture.resized(width: max(1, picture.width * 128 / side), height: max(1, picture.height * 128 / side))
    return QuantizationComparison.Difference(
      path: a.path, actual: cells.classes[a.actual],
      float: (cells.classes[a.predicted], a.probabilities[a.predicted]),
      quantised: (cells.classes[b.predicted], b.probabilities[b.predicted]), picture: try PNGFile.encode(small))
  }
}
