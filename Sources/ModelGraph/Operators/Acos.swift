import Platform

/// Acos: the inverse cosine. https://onnx.ai/onnx/operators/onnx__Acos.html, opsets 7 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Acos: RealFunction {
  public static let name = "Acos"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_acos(x) }
}
