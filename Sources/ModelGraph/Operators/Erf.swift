import Platform

/// Erf: the error function. https://onnx.ai/onnx/operators/onnx__Erf.html, opsets 9 and 13.
///
/// Input: X. Output: Y, of the same shape.
public struct Erf: RealFunction {
  public static let name = "Erf"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { platform_erf(x) }
}
