import Platform

/// Acosh: the inverse hyperbolic cosine. https://onnx.ai/onnx/operators/onnx__Acosh.html, opsets 9 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Acosh: RealFunction {
  public static let name = "Acosh"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_acosh(x) }
}
