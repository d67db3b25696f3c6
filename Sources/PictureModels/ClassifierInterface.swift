import ModelGraph
import Platform
import Text

/// The inputs and outputs of a graph as a picture classifier: one input, a batch of pictures, and a score for each class.
public struct ClassifierInterface: Sendable {
  /// With every symbol bound.
  public let inputShape: Shape
  /// Which axes of ``inputShape`` are channels and sides.
  public let axes: PictureAxes
  /// Number of classes that the model distinguishes.
  public let classCount: Int
  /// Number of scores per picture: as many as classes, or one, the probability of the second of two classes.
  public let scoreCount: Int
  /// The kind of scores.
  public let ending: Ending

  public enum Ending: Sendable {
    /// Logits: the larger, the more probable.
    case logits
    /// Probabilities that sum to 1.
    case softmax
    /// Independent probabilities.
    case sigmoid
  }

  /// The message for a picture that ``probabilities(_:)`` has no answer for.
  public static let notNumbers = "the model's scores are not numbers; a weight of it may be damaged"

  public var batch: Int { inputShape[0] }

  /// - Parameters:
  ///   - batch: the batch size, if the model leaves it open; a model with a fixed batch size keeps it.
  ///   - size: height and width if the model leaves them open; otherwise they must agree. nil: as `giemsa.input_size`
  ///     says.
  /// - Throws: E213 if the graph is not such a classifier or has no picture size; E215 if its metadata is malformed or
  ///   its Softmax is not over the classes.
  public init(_ graph: Graph, batch: Int, size: (height: Int, width: Int)?) throws(GraphError) {
    guard graph.inputs.count == 1, let declaration = graph.values[graph.inputs[0]].declaration else {
      throw GraphError(.badInput, "takes \(graph.inputs.count) inputs; a classifier of pictures takes one")
    }
    guard let output = graph.outputs.first else { throw GraphError(.noOutput, "the model has no output") }
    let dimensions = declaration.dimensions
    guard declaration.type == .float32, dimensions.count == 4 else {
      let shape = ClassifierInterface.text(dimensions)
      throw GraphError(
        .badInput,
        "its input is \(declaration.type.name) \(shape); pictures are float32 [N, channels, height, width] or "
          + "[N, height, width, channels]")
    }
    let axes = PictureAxes(dimensions)
    self.axes = axes
    let metadata = try ModelMetadata(graph.metadata)
    var wanted: [Int]?
    if let size {
      wanted = [size.height, size.width]
    } else if !metadata.inputSize.isEmpty {
      wanted = metadata.inputSize
      if let error = metadata.sizeErrors(of: declaration).first { throw error }
    }
    var extents = declaration.shape(fallback: 3).extents
    if case .symbol = dimensions[0] { extents[0] = batch }
    for axis in axes.height...axes.width {
      switch dimensions[axis] {
      case .fixed(let extent):
        if let size, extent != (axis == axes.height ? size.height : size.width) {
          throw GraphError(
            .badInput,
            "it is made for pictures of \(ClassifierInterface.text([dimensions[axes.height], dimensions[axes.width]])) pixels "
              + "(height, width); --size cannot change that")
        }
      case .symbol:
        guard let wanted else {
          throw GraphError(.badInput, "does not say what size its pictures have; give --size HEIGHTxWIDTH")
        }
        extents[axis] = wanted[axis - axes.height]
      }
    }
    inputShape = Shape(extents)
    let facts = try graph.infer([inputShape])
    guard let scores = facts[output]?.shape, scores.rank >= 1, scores[0] == extents[0], scores.count > 0 else {
      let shape = facts[output].map { $0.shape.description } ?? "nothing"
      throw GraphError(.badInput, "gives \(shape); a classifier gives [N, classes]")
    }
    scoreCount = scores.count / extents[0]
    ending = try ClassifierInterface.ending(graph, output, facts)
    // The softmax of a single number is always 1.
    if scoreCount == 1, ending != .sigmoid {
      throw GraphError(
        .badInput,
        "gives one score a picture that is no probability; end the model in a Sigmoid (its probability of the second "
          + "of two classes) or give it a score for each class")
    }
    classCount = max(scoreCount, 2)
  }

  /// The probabilities of one picture, which sum to 1, from its ``scoreCount`` scores; nil if the scores are not
  /// numbers: a NaN, an infinity (except -∞ among logits, which is a probability of 0), or nothing above 0 among
  /// probabilities.
  public func probabilities(_ scores: UnsafeBufferPointer<Float>) -> [Double]? {
    var most = -Double.infinity
    for score in scores {
      guard score.isFinite || ending == .logits && score == -.infinity else { return nil }
      most = max(most, Double(score))
    }
    guard most.isFinite else { return nil }
    switch ending {
    case .softmax: return scores.map { Double($0) }
    case .sigmoid:
      if scores.count == 1 { return [1 - most, most] }
      guard most > 0 else { return nil }
      let sum = scores.reduce(0) { $0 + Double($1) }
      return scores.map { Double($0) / sum }
    case .logits:
      var powers = scores.map { platform_exp(Double($0) - most) }
      let sum = powers.reduce(0) { $0 + $1 }
      for index in powers.indices { powers[index] /= sum }
      return powers
    }
  }

  /// The operator that determines the kind of scores, ignoring operators after it that only move or round them. A
  /// LogSoftmax gives logits: their softmax is the probabilities.
  ///
  /// Throws E215 for a Softmax or LogSoftmax that is not over a picture's scores, since its output are not
  /// probabilities.
  public static func ending(
    _ graph: Graph, _ output: Graph.ValueID, _ facts: [Fact?]
  ) throws(GraphError) -> Ending {
    let producers = graph.producers()
    var value = output
    while let index = producers[value] {
      let node = graph.nodes[index]
      switch node.operation {
      case .softmax(let softmax):
        try check(softmax.axis, node, facts, output)
        return .softmax
      case .logSoftmax(let softmax):
        try check(softmax.axis, node, facts, output)
        return .logits
      case .sigmoid, .qLinearSigmoid: return .sigmoid
      case .quantizeLinear, .dequantizeLinear: break
      default: if node.operation.movement != .view { return .logits }
      }
      guard let input = node.firstInput else { return .logits }
      value = input
    }
    return .logits
  }

  private static func check(
    _ axis: SoftmaxAxis, _ node: Graph.Node, _ facts: [Fact?], _ output: Graph.ValueID
  ) throws(GraphError) {
    guard let input = node.firstInput, let shape = facts[input]?.shape, let scores = facts[output]?.shape,
      let pictures = scores.extents.first, scores.count > 0
    else { return }
    let (outer, count, inner) = try axis.split(shape, of: node.operation.name)
    guard outer == pictures, count == scores.count / pictures, inner == 1 else {
      throw GraphError(
        .badMetadata,
        "\(node.place) adds up to 1 over axis \(axis.axis) of \(shape), which is not a picture's scores: they are no "
          + "probabilities; give it the axis of the classes (1)")
    }
  }

  private static func text(_ dimensions: [Dimension]) -> String {
    var text = "["
    for (index, dimension) in dimensions.enumerated() {
      if index > 0 { text += ", " }
      text += dimension.text
    }
    return text + "]"
  }
}
