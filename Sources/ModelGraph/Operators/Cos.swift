import Platform

/// Cos: the cosine. https://onnx.ai/onnx/operators/onnx__Cos.html, opsets 7 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Cos: RealFunction {
  public static let name = "Cos"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_cos(x) }
}
