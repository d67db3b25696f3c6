import Platform

/// Mish: x · tanh(ln(e^x + 1)). https://onnx.ai/onnx/operators/onnx__Mish.html, opsets 18 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Mish: RealFunction {
  public static let name = "Mish"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x * platform_tanh(x.softplus) }
}
