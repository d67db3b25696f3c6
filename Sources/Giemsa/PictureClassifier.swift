import Imaging
import ModelGraph
import ONNXFormat
import PictureModels
import Text

/// A model that tells what a picture shows: prepares the picture as the file says, runs the model, and gives a
/// probability for each class.
///
/// ```swift
/// let classifier = try PictureClassifier(contentsOf: "cells.onnx")
/// let answer = try classifier.classify(contentsOf: "cell.png")
/// print(answer.className, answer.probability)
/// ```
///
/// A classifier belongs to one thread at a time, as its ``Session`` does. Others of the same ``model`` share its weights:
/// ``init(_:description:)``.
public final class PictureClassifier {
  public let model: Model
  /// In the order of the probabilities. Numbers from 0 if nobody names them.
  public let classes: [String]
  /// The class that a test looks for, if the file says (`giemsa.positive`).
  public let positive: String?
  /// Which class a picture counts as: the positive class from its threshold on (`giemsa.threshold`), otherwise the
  /// likeliest.
  public let decision: ClassDecision
  /// How a picture becomes the model's input. It may be used from any thread.
  public let preprocessing: Preprocessing
  package let interface: ClassifierInterface
  package let session: Session
  /// Where several pictures become one input; nil for a batch of one.
  private var input: Tensor?

  /// Pixels that a side of a model's input may have.
  public static let inputSides = ModelMetadata.Bound.sides

  /// Pictures that the model takes at once: ``Model/Options/batch``, or what the file is made for.
  public var batch: Int { interface.batch }

  /// Opens a model of one input, float32 `[N, channels, height, width]` or `[N, height, width, channels]` with 3 channels
  /// or 1 (grey), whose first output is a score for each class.
  ///
  /// - Parameters:
  ///   - path: an ONNX file.
  ///   - description: what the file does not say of its pictures.
  ///   - options: ``Model/Options/pictureSize`` and ``Model/Options/inputShapes`` are not looked at.
  /// - Throws: E213 if the model is no such classifier, or leaves open what `description` does not say; E215 if its metadata
  ///   is malformed; otherwise as ``Model/init(contentsOf:options:)``.
  public convenience init(
    contentsOf path: String, description: Description = Description(), options: Model.Options = Model.Options()
  ) throws(GraphError) {
    let bytes = try ModelBytes(opening: path)
    let (graph, weights) = try ONNXFile.open(bytes, limits: options.limits)
    try self.init(graph: consume graph, weights: weights, bytes: bytes, description, options)
  }

  /// Makes a classifier from a graph in memory; used by the lab.
  package convenience init(
    graph: consuming Graph, description: Description = Description(), options: Model.Options = Model.Options()
  ) throws(GraphError) {
    try self.init(graph: consume graph, weights: nil, bytes: nil, description, options)
  }

  private init(
    graph: consuming Graph, weights: DeferredBytes?, bytes: ModelBytes?, _ description: Description,
    _ options: Model.Options
  ) throws(GraphError) {
    try options.check()
    let reading = try Reading(graph, description, options)
    (classes, positive, preprocessing) = (reading.classes, reading.positive, reading.preprocessing)
    decision = reading.decision
    interface = reading.interface
    model = try Model(
      graph: consume graph, weights: weights, bytes: bytes, shapes: [reading.interface.inputShape], options)
    session = try model.makeSession(plannedFor: [reading.interface.inputShape])
    input = interface.batch > 1 ? try Tensor(zeros: interface.inputShape) : nil
  }

  /// A classifier on a model that is open already, for one more thread or another ``Description``.
  ///
  /// - Throws: as ``init(contentsOf:description:options:)`` does.
  public init(_ model: Model, description: Description = Description()) throws(GraphError) {
    self.model = model
    let reading = try Reading(try model.graphAgain(), description, model.options)
    (classes, positive, preprocessing) = (reading.classes, reading.positive, reading.preprocessing)
    decision = reading.decision
    interface = reading.interface
    session = try model.makeSession(inputShapes: [reading.interface.inputShape])
    guard session.outputShapes.first??.count == interface.scoreCount * interface.batch else { throw .changedFile }
    input = interface.batch > 1 ? try Tensor(zeros: interface.inputShape) : nil
  }

  /// What a file and a description say together of a classifier.
  private struct Reading {
    let interface: ClassifierInterface
    let preprocessing: Preprocessing
    let classes: [String]
    let positive: String?
    let decision: ClassDecision

    init(_ graph: borrowing Graph, _ description: Description, _ options: Model.Options) throws(GraphError) {
      let metadata = try ModelMetadata(graph.metadata)
      try description.check(metadata)
      interface = try ClassifierInterface(copy graph, batch: options.batch, size: description.size)
      let colors = try description.colors(metadata, interface)
      do throws(ImagingError) {
        var preparing = try Preprocessing(colors, inputShape: interface.inputShape, axes: interface.axes)
        preparing.reading.limits = description.limits
        preparing.reduces = !options.exact
        preprocessing = preparing
      } catch {
        throw GraphError(.badInput, error.message)
      }
      classes = try description.classNames(metadata, interface)
      positive = metadata.positive
      // A caller's names may replace the file's; the threshold refers to the class at the file's index.
      decision = metadata.decision
    }
  }

  // MARK: Asking

  /// What a picture file shows: PNG, JPEG or another format that ``Picture/init(contentsOf:_:)`` reads.
  ///
  /// - Throws: ``ClassificationError/picture(_:)`` if the file cannot be read; ``ClassificationError/notNumbers`` if the
  ///   model's scores are no numbers.
  public func classify(contentsOf path: String) throws(ClassificationError) -> Classification {
    let picture: Picture
    do { picture = try preprocessing.read(path).picture } catch { throw .picture(error) }
    return try classify(picture)
  }

  /// What a picture in memory shows.
  public func classify(_ picture: Picture) throws(ClassificationError) -> Classification {
    let prepared: Tensor
    do { prepared = try preprocessing.tensor([picture]) } catch { throw .picture(error) }
    let answers: [[Double]?]
    do { answers = try probabilities([prepared]) } catch { throw .model(error) }
    guard let first = answers.first, let probabilities = first else { throw .notNumbers }
    return Classification(probabilities, decision(probabilities), classes: classes)
  }

  /// The probabilities of prepared pictures, each a tensor of one from ``preprocessing``; nil where a picture's
  /// scores are no numbers. For a program that prepares pictures on one thread while the model runs on another.
  ///
  /// - Parameter pictures: at most ``batch``.
  /// - Throws: E213 for more pictures, or for one of another shape.
  public func probabilities(_ pictures: [Tensor]) throws(GraphError) -> [[Double]?] {
    guard pictures.count <= interface.batch else {
      throw GraphError(.badInput, "\(pictures.count) pictures; the model takes \(interface.batch) at once")
    }
    let step = preprocessing.floatsPerPicture
    for picture in pictures where picture.type != .float32 || picture.count != step {
      throw GraphError(.badInput, "a picture is \(picture.type.name) \(picture.shape); prepare it with preprocessing")
    }
    input?.withMutableElements(Float.self) { all in
      for (index, picture) in pictures.enumerated() {
        let place = UnsafeMutableBufferPointer(rebasing: all[(index * step)..<((index + 1) * step)])
        picture.withElements(Float.self) { _ = place.update(from: $0) }
      }
    }
    guard let input = input ?? pictures.first else { return [] }
    guard let scores = try session.run([input]).first, scores.type == .float32 else {
      throw GraphError(.typeMismatch, "the model's scores are not float32")
    }
    return scores.withElements(Float.self) { scores in
      pictures.indices.map { index in
        let first = index * interface.scoreCount
        return interface.probabilities(.init(rebasing: scores[first..<(first + interface.scoreCount)]))
      }
    }
  }
}

@available(*, unavailable)
extension PictureClassifier: Sendable {}

/// What a picture shows.
public struct Classification: Sendable {
  /// In the order of ``PictureClassifier/classes``; they add up to 1.
  public let probabilities: [Double]
  /// The class that the picture counts as: ``PictureClassifier/decision``.
  public let classIndex: Int
  public let className: String
  /// Of that class.
  public let probability: Double

  /// - Parameter probabilities: as many as classes, at least one.
  init(_ probabilities: [Double], _ classIndex: Int, classes: [String]) {
    self.probabilities = probabilities
    self.classIndex = classIndex
    className = classes[classIndex]
    probability = probabilities[classIndex]
  }
}

/// Why a picture has no answer.
public enum ClassificationError: Error, Sendable, CustomStringConvertible {
  /// The file cannot be read, or the picture cannot be prepared.
  case picture(ImagingError)
  /// The model cannot be run.
  case model(GraphError)
  /// The scores are NaN or infinite; a weight may be damaged.
  case notNumbers

  /// One line.
  public var description: String {
    switch self {
    case .picture(let error): error.message
    case .model(let error): error.description
    case .notNumbers: ClassifierInterface.notNumbers
    }
  }
}
