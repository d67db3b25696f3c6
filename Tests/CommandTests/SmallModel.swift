import ModelGraph
import ONNXFormat
import PictureModels

/// A classifier small enough to write in a test: the mean of each channel, then a linear layer.
enum SmallModel {
  static func graph(
    channels: Int = 3, classes: Int = 2, metadata: Bool = true, weight: Float = 0.5, size: Int = 8
  ) throws -> Graph {
    var graph = Graph(name: "small")
    let input = graph.addInput(
      "input", Declaration(.float32, [.symbol("N"), .fixed(channels), .fixed(size), .fixed(size)]))
    let pooled = graph.add(try Operator(named: "GlobalAveragePool"), "pool", [input])
    let flat = graph.add(try Operator(named: "Flatten"), "flat", [pooled])
    let weights = graph.addConstant(
      "w", try Tensor([channels, classes], [Float](repeating: weight, count: channels * classes)))
    let bias = graph.addConstant("b", try Tensor([classes], (0..<classes).map { Float($0) }))
    graph.outputs = [graph.add(try Operator(named: "Gemm"), "logits", [flat, weights, bias])]
    if metadata {
      var recipe = ModelMetadata()
      recipe.classes = (0..<classes).map { "class \($0)" }
      recipe.inputSize = [size, size]
      recipe.mean = [Float](repeating: 0.5, count: channels)
      recipe.std = [Float](repeating: 0.25, count: channels)
      graph.metadata = recipe.entries
    }
    return graph
  }
}
