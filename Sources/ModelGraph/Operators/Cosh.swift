import Platform

/// Cosh: the hyperbolic cosine. https://onnx.ai/onnx/operators/onnx__Cosh.html, opsets 9 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Cosh: RealFunction {
  public static let name = "Cosh"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_cosh(x) }
}
