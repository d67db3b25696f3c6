import Platform

/// Tan: the tangent. https://onnx.ai/onnx/operators/onnx__Tan.html, opsets 7 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Tan: RealFunction {
  public static let name = "Tan"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_tan(x) }
}
