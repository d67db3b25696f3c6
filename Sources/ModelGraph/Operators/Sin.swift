import Platform

/// Sin: the sine. https://onnx.ai/onnx/operators/onnx__Sin.html, opsets 7 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Sin: RealFunction {
  public static let name = "Sin"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_sin(x) }
}
