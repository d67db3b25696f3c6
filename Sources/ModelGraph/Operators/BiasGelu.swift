/// BiasGelu of com.microsoft: x · Φ(x) of a sum, where Φ is the normal distribution's function.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BiasGelu
///
/// Inputs: A, B `[extent of the last axis]`, which is added first. Output: C, of A's shape.
public struct BiasGelu: BiasedFunction {
  public static let name = "BiasGelu"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = OperatorInput(0, "A", .activation)
    public static let bias = OperatorInput(1, "B", .weight)
  }

  public static let inputs = [Input.x, Input.bias]
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x.gelu }
}
