/// Reciprocal: 1 / x. https://onnx.ai/onnx/operators/onnx__Reciprocal.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same shape.
public struct Reciprocal: RealFunction {
  public static let name = "Reciprocal"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { 1 / x }
}
