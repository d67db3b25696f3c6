import ModelGraph

/// A planned graph, ready to run as often as one likes. One thread at a time may use it.
///
/// Call `PassPipeline.optimize` on the graph first.
public final class Engine {
  private let graph: Graph

  /// - Parameter inputShapes: the shapes to plan for, in the order of the graph's inputs; nil takes the declarations,
  ///   symbols as 1.
  public init(
    _ graph: consuming Graph, inputShapes: [Shape]? = nil, options: EngineOptions = EngineOptions()
  ) throws(GraphError) {
    self.graph = graph
  }

  /// Runs the graph. Tensors as ONNX has them (NCHW), in the order of the graph's inputs and outputs.
  public func run(_ inputs: [Tensor]) throws(GraphError) -> [Tensor] { try graph.evaluate(inputs) }

  /// The instruction set that the kernels use: `portable`, `avx2`, `avx512`, `neon`.
  public static var instructionSet: String { "portable" }
}
