import Datasets
import Giemsa
import Imaging
import ModelGraph
import PictureModels
import Reports
import Text

/// A trained model, run by the same engine as in the field.
final class Predictor {
  let path: String
  /// Class names; empty if neither the file nor the caller has them.
  let classes: [String]
  /// The positive class as recorded under `giemsa.positive`.
  let positive: String?
  /// The positive class's threshold: that of the file, or that of the run that the file is from.
  var threshold: Double?
  /// In how many orientations cells are judged: as the file says, or the run that the file is from.
  var looks: Int
  /// How the model's pictures were cut out of fields; nil if unknown.
  let cell: CellCut?
  let trainedSlides: TrainedSlides
  /// The file's metadata with what the caller says of its pictures.
  let described: ModelMetadata
  /// What the model takes and gives.
  let interface: ClassifierInterface
  let preprocessing: Preprocessing
  private let session: Session

  /// - Parameters:
  ///   - batch: the batch size, if the model leaves it open.
  ///   - description: what the file does not say of its pictures.
  convenience init(
    _ path: String, batch: Int, threads: Int, limits: PictureLimits,
    description: PictureClassifier.Description = PictureClassifier.Description()
  ) throws {
    try self.init(
      try readModel(path), path: path, batch: batch, threads: threads, limits: limits, description: description)
  }

  /// - Parameter path: the model's name in messages.
  init(
    _ model: Graph, path: String, batch: Int, threads: Int, limits: PictureLimits,
    description: PictureClassifier.Description = PictureClassifier.Description()
  ) throws {
    self.path = path
    do {
      let metadata = try ModelMetadata(model.metadata)
      var description = description
      description.limits = limits
      description.names = PictureClassifier.Description.optionNames
      let isSaid = description.mean != nil || description.std != nil || description.range != nil
      let assumes = !metadata.saysHowColorsAreNormalized && !isSaid && Predictor.takesColors(model)
      if assumes { (description.mean, description.std) = (Preprocessing.imageNetMean, Preprocessing.imageNetStd) }
      var options = Model.Options()
      (options.threads, options.batch) = (threads, batch)
      let classifier = try PictureClassifier(graph: model, description: description, options: options)
      if assumes {
        complain("note: \(path) does not record how colours are normalised; using ImageNet's mean and std")
      }
      (interface, preprocessing, session) = (classifier.interface, classifier.preprocessing, classifier.session)
      var described = try description.colors(metadata, interface)
      classes = description.classes ?? metadata.classes
      (described.classes, described.inputSize) = (classes, [preprocessing.height, preprocessing.width])
      self.described = described
      positive = metadata.positive
      threshold = metadata.threshold
      looks = metadata.looks ?? 1
      cell = metadata.cell
      trainedSlides = TrainedSlides(metadata.trainingSlides)
    } catch {
      throw CommandFailure("\(path): \(error)")
    }
  }

  /// Whether the model's input has three channels.
  private static func takesColors(_ model: Graph) -> Bool {
    guard let input = model.inputs.first, let dimensions = model.values[input].declaration?.dimensions,
      dimensions.count == 4, case .fixed(let channels) = dimensions[PictureAxes(dimensions).channel]
    else { return true }
    return channels == 3
  }

  /// The index of each of the folder's classes in the model's scores, matched by name. If the model does not name its
  /// classes, the folders' order is used, with a warning. Throws if the classes differ.
  func order(for cells: CellFolder) throws -> [Int] {
    func list(_ names: [String]) -> String { names.isEmpty ? "" : " (\(names.joined(separator: ", ")))" }
    let mismatch = CommandFailure(
      "\(path) was made with \(counted(interface.classCount, "class", "classes"))\(list(classes)); \(cells.path) has "
        + "\(cells.classes.count)\(list(cells.classes)). Train a new head with --from \(path)")
    guard interface.classCount == cells.classes.count else { throw mismatch }
    if classes.isEmpty {
      let names = cells.classes.enumerated().prefix(20).map { "\($0 + 1) = \($1)" }.joined(separator: ", ")
      complain(
        "warning: \(path) does not name its classes (no giemsa.classes, no --classes); its scores are assumed to be in the order of the folders' "
          + "names (\(names)\(cells.classes.count > 20 ? ", …" : "")), which may be wrong")
      return Array(cells.classes.indices)
    }
    return try cells.classes.map { name in
      guard let index = classes.firstIndex(where: { $0.isExactly(name) }) else { throw mismatch }
      return index
    }
  }

  /// The raw scores of a batch of at most ``ClassifierInterface/batch`` pictures, of shape `[n,
  /// ``ClassifierInterface/scoreCount``]`.
  func scores(_ images: Tensor) throws -> Tensor {
    let shape = interface.inputShape
    var input = images
    if images.shape[0] < shape[0] {
      // The model is planned for full batches, so the last one is padded with black pictures.
      input = try Tensor(zeros: shape)
      input.withMutableElements(Float.self) { target in
        images.withElements(Float.self) { source in
          for index in source.indices { target[index] = source[index] }
        }
      }
    }
    guard let all = try session.run([input]).first, all.type == .float32 else {
      throw CommandFailure("\(path): its scores are not float32")
    }
    let count = images.shape[0] * interface.scoreCount
    let kept = all.withElements(Float.self) { Array($0[..<count]) }
    return try Tensor([images.shape[0], interface.scoreCount], kept)
  }

  /// Which class a picture counts as, for probabilities in the order of the folder's classes.
  private func decision(_ order: [Int]) -> ClassDecision {
    let index = positive.flatMap { name in classes.firstIndex { $0.isExactly(name) } }
    return ClassDecision(positive: index.flatMap { order.firstIndex(of: $0) }, threshold: threshold)
  }

  /// The answers for `items`, in their order. Throws, naming the pictures, if a score is not a number.
  ///
  /// - Parameter turns: test-time augmentation: average the probabilities of all eight mirrors and quarter turns of
  ///   each picture (of four if it is not square).
  func answers(_ items: [CellFolder.Item], order: [Int], threads: Int, turns: Bool = false) throws -> [Answer] {
    let isSquare = preprocessing.width == preprocessing.height
    let ways = turns ? Array(0..<(isSquare ? 8 : 4)) : [0]
    var sums = [[Double]](repeating: [Double](repeating: 0, count: order.count), count: items.count)
    var failures: [Int: String] = [:]
    for way in ways {
      let loader = BatchLoader(
        items: items, preprocessing: preprocessing, augmentation: way == 0 ? nil : .turned(way),
        batchSize: interface.batch, shuffle: false, dropLast: false, seed: 0, workers: min(threads, 2), byteBudget: 0)
      loader.start(epoch: 0)
      while let batch = try loader.next() {
        let scores = try scores(batch.images)
        scores.withElements(Float.self) { scores in
          for (row, index) in batch.indices.enumerated() {
            let first = row * interface.scoreCount
            let own = UnsafeBufferPointer(rebasing: scores[first..<(first + interface.scoreCount)])
            guard let probabilities = interface.probabilities(own) else {
              failures[index] = "\(items[index].path): \(ClassificationError.notNumbers)"
              continue
            }
            for (place, source) in order.enumerated() {
              sums[index][place] += probabilities[source] / Double(ways.count)
            }
          }
        }
      }
    }
    guard failures.isEmpty else {
      throw DatasetError(
        failures.sorted { $0.key < $1.key }.map { $0.value }, "picture", "got scores that are not finite numbers")
    }
    let decision = decision(order)
    return zip(items, sums).map {
      Answer(path: $0.path, actual: $0.label, probabilities: $1, slide: $0.slide, decision: decision)
    }
  }
}
