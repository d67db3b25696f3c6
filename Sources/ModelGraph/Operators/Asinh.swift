import Platform

/// Asinh: the inverse hyperbolic sine. https://onnx.ai/onnx/operators/onnx__Asinh.html, opsets 9 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Asinh: RealFunction {
  public static let name = "Asinh"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_asinh(x) }
}
