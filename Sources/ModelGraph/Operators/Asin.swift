import Platform

/// Asin: the inverse sine. https://onnx.ai/onnx/operators/onnx__Asin.html, opsets 7 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Asin: RealFunction {
  public static let name = "Asin"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_asin(x) }
}
