import Platform

/// Atanh: the inverse hyperbolic tangent. https://onnx.ai/onnx/operators/onnx__Atanh.html, opsets 9 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Atanh: RealFunction {
  public static let name = "Atanh"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_atanh(x) }
}
