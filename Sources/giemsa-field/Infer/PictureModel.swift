import Imaging
import Inference
import ModelGraph
import ONNXFormat
import Passes
import PictureModels
import Text

/// A model ready to be shown pictures.
final class PictureModel {
  let classes: [String]
  let classifier: PictureClassifier
  let preprocessing: Preprocessing
  private let engine: Engine
  /// What several pictures are brought together in.
  private var batch: Tensor?

  /// What the command line says of a model that does not say it itself, or says something else (where ``isMeant``).
  struct Overrides {
    var isMeant = false
    var size: (height: Int, width: Int)?
    var mean: [Float]?
    var std: [Float]?
    var classes: [String]?
  }

  /// Throws one line that begins with the model's path.
  init(_ path: String, overrides: Overrides, batch: Int, _ options: EngineOptions) throws(UsageError) {
    do throws(GraphError) {
      var (graph, weights) = try ONNXFile.open(path, limits: options.limits)
      var metadata = try ModelMetadata(graph.metadata)
      if !overrides.isMeant { try overrides.check(metadata) }
      classifier = try PictureClassifier(graph, batch: batch, size: overrides.size)
      metadata.inputSize = []
      if overrides.mean != nil || overrides.std != nil { metadata.centering = nil }
      metadata.mean = overrides.mean ?? metadata.mean
      metadata.std = overrides.std ?? metadata.std
      guard metadata.centering != nil || metadata.mean.count == 3 || classifier.inputShape[1] != 3 else {
        throw GraphError(
          .badInput,
          "does not say how colours are normalised; give --mean and --std (most models: 0.485,0.456,0.406 and "
            + "0.229,0.224,0.225)")
      }
      do throws(ImagingError) {
        preprocessing = try Preprocessing(metadata, inputShape: classifier.inputShape)
      } catch {
        throw GraphError(.badInput, error.message)
      }
      classes = overrides.classes ?? PictureModel.names(metadata.classes, classifier.classCount)
      guard classes.count == classifier.classCount else {
        throw GraphError(
          .badInput,
          "\(classes.count) class names were given or found; the model has \(classifier.classCount) classes"
            + (classifier.scoreCount == 1 ? ", its one score being the probability of the second" : ""))
      }
      _ = try PassPipeline.optimize(&graph, limits: options.limits)
      engine = try Engine(consume graph, inputShapes: [classifier.inputShape], options: options)
      try weights.check()
      self.batch = classifier.batch > 1 ? try Tensor(zeros: classifier.inputShape) : nil
    } catch {
      throw UsageError(message: "\(path): \(error)")
    }
  }

  /// The probabilities of each picture (``Preprocessing/tensor(_:)``), nil where its scores are not numbers; at most
  /// ``PictureClassifier/batch`` of them at a time.
  func probabilities(_ pictures: [Tensor]) throws(GraphError) -> [[Double]?] {
    let step = preprocessing.floatsPerPicture
    batch?.withMutableElements(Float.self) { all in
      for (index, picture) in pictures.enumerated() {
        let place = UnsafeMutableBufferPointer(rebasing: all[(index * step)..<((index + 1) * step)])
        picture.withElements(Float.self) { _ = place.update(from: $0) }
      }
    }
    guard let input = batch ?? pictures.first, let scores = try engine.run([input]).first, scores.type == .float32
    else {
      throw GraphError(.typeMismatch, "the model's scores are not float32")
    }
    return scores.withElements(Float.self) { scores in
      pictures.indices.map { index in
        let first = index * classifier.scoreCount
        return classifier.probabilities(.init(rebasing: scores[first..<(first + classifier.scoreCount)]))
      }
    }
  }

  /// Numbers, where the model names nothing.
  private static func names(_ names: [String], _ count: Int) -> [String] {
    names.isEmpty ? (0..<count).map { "\($0)" } : names
  }
}

extension PictureModel.Overrides {
  /// Throws where something else than what the file says is given.
  fileprivate func check(_ metadata: ModelMetadata) throws(GraphError) {
    func refuse(_ option: String, _ said: String) -> GraphError {
      GraphError(.badInput, "\(option) contradicts what the file says (\(said)); leave it out, or add --override")
    }
    if let size, !metadata.inputSize.isEmpty, metadata.inputSize != [size.height, size.width] {
      throw refuse("--size", "\(metadata.inputSize[0])x\(metadata.inputSize[1])")
    }
    if let classes, !metadata.classes.isEmpty, !sameBytes(classes, metadata.classes) {
      throw refuse("--classes", metadata.classes.joined(separator: ","))
    }
    if let centering = metadata.centering, mean != nil || std != nil {
      throw refuse(mean != nil ? "--mean" : "--std", "colours are centred: \(centering.rawValue)")
    }
    if let mean, !metadata.mean.isEmpty, mean != metadata.mean { throw refuse("--mean", list(metadata.mean)) }
    if let std, !metadata.std.isEmpty, std != metadata.std { throw refuse("--std", list(metadata.std)) }
  }

  private func sameBytes(_ a: [String], _ b: [String]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
  }

  private func list(_ numbers: [Float]) -> String {
    numbers.map { NumberText.shortest(Double($0)) }.joined(separator: ",")
  }
}
