import Platform

/// Tanh: the hyperbolic tangent. https://onnx.ai/onnx/operators/onnx__Tanh.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same shape.
public struct Tanh: RealFunction {
  public static let name = "Tanh"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_tanh(x) }
}
