import Platform

/// Sinh: the hyperbolic sine. https://onnx.ai/onnx/operators/onnx__Sinh.html, opsets 9 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Sinh: RealFunction {
  public static let name = "Sinh"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_sinh(x) }
}
