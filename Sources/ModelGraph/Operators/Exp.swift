import Platform

/// Exp: e^x. https://onnx.ai/onnx/operators/onnx__Exp.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same shape.
public struct Exp: RealFunction {
  public static let name = "Exp"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_exp(x) }
}
