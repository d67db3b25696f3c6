import Platform

/// What a graph takes and gives, seen as a classifier of pictures: one input `[N, C, H, W]`, a score for each class.
public struct PictureClassifier: Sendable {
  /// `[N, C, H, W]` with every symbol bound.
  public let inputShape: Shape
  /// Scores per picture.
  public let classCount: Int
  /// Whether the first output is probabilities already.
  public let endsInSoftmax: Bool

  public var batch: Int { inputShape[0] }

  /// - Parameters:
  ///   - batch: pictures at once, where the model leaves that open; a model made for a fixed number keeps it.
  ///   - size: height and width where the model leaves them open; must agree where it does not. nil: what
  ///     `giemsa.input_size` says.
  /// - Throws: E213 where the graph is no such classifier, or does not tell the size of its pictures.
  public init(_ graph: Graph, batch: Int, size: (height: Int, width: Int)?) throws(GraphError) {
    guard graph.inputs.count == 1, let declaration = graph.values[graph.inputs[0]].declaration else {
      throw GraphError(.badInput, "takes \(graph.inputs.count) inputs; a classifier of pictures takes one")
    }
    guard let output = graph.outputs.first else { throw GraphError(.noOutput, "the model has no output") }
    let dimensions = declaration.dimensions
    guard declaration.type == .float32, dimensions.count == 4 else {
      let shape = PictureClassifier.text(dimensions)
      throw GraphError(
        .badInput, "its input is \(declaration.type.name) \(shape); pictures are float32 [N, channels, height, width]")
    }
    let metadata = try ModelMetadata(graph.metadata)
    var wanted: [Int]?
    if let size {
      wanted = [size.height, size.width]
    } else if !metadata.inputSize.isEmpty {
      wanted = metadata.inputSize
    }
    var extents = declaration.shape(fallback: 3).extents
    if case .symbol = dimensions[0] { extents[0] = batch }
    for axis in 2...3 {
      switch dimensions[axis] {
      case .fixed(let extent):
        if let size, extent != (axis == 2 ? size.height : size.width) {
          throw GraphError(
            .badInput,
            "it is made for pictures of \(PictureClassifier.text([dimensions[2], dimensions[3]])) pixels "
              + "(height, width); --size cannot change that")
        }
      case .symbol:
        guard let wanted else {
          throw GraphError(.badInput, "does not say what size its pictures have; give --size HEIGHTxWIDTH")
        }
        extents[axis] = wanted[axis - 2]
      }
    }
    inputShape = Shape(extents)
    let facts = try graph.infer([inputShape])
    guard let scores = facts[output]?.shape, scores.rank >= 1, scores[0] == extents[0], scores.count > 0 else {
      let shape = facts[output].map { $0.shape.description } ?? "nothing"
      throw GraphError(.badInput, "gives \(shape); a classifier gives [N, classes]")
    }
    classCount = scores.count / extents[0]
    endsInSoftmax = PictureClassifier.endsInSoftmax(graph, output)
  }

  /// Probabilities, adding up to 1, of one picture's scores.
  public func probabilities(_ scores: UnsafeBufferPointer<Float>) -> [Double] {
    if endsInSoftmax { return scores.map { Double($0) } }
    var most = -Double.infinity
    for score in scores { most = max(most, Double(score)) }
    var powers = scores.map { platform_exp(Double($0) - most) }
    let sum = powers.reduce(0) { $0 + $1 }
    for index in powers.indices { powers[index] /= sum }
    return powers
  }

  private static func endsInSoftmax(_ graph: Graph, _ output: Graph.ValueID) -> Bool {
    let producers = graph.producers()
    var value = output
    while let index = producers[value] {
      let node = graph.nodes[index]
      switch node.operation {
      case .softmax: return true
      case .identity, .flatten, .reshape, .squeeze, .dropout:
        guard let input = node.inputs.first, let input else { return false }
        value = input
      default: return false
      }
    }
    return false
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
