/// FastGelu of com.microsoft: x · Φ(x) of a sum, where Φ is computed by a hyperbolic tangent.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FastGelu
///
/// Inputs: X, bias `[extent of the last axis]` (optional), which is added first. Output: Y, of X's shape.
public struct FastGelu: BiasedFunction {
  public static let name = "FastGelu"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let bias = OperatorInput(1, "bias", .weight, .optional)
  }

  public static let inputs = [Input.x, Input.bias]
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x.approximateGelu }
}
