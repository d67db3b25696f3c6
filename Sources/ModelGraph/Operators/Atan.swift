import Platform

/// Atan: the inverse tangent. https://onnx.ai/onnx/operators/onnx__Atan.html, opsets 7 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Atan: RealFunction {
  public static let name = "Atan"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_atan(x) }
}
