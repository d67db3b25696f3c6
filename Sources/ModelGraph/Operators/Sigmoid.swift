/// Sigmoid: y = 1 / (1 + e^−x). https://onnx.ai/onnx/operators/onnx__Sigmoid.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same shape.
public struct Sigmoid: FloatFunction {
  public static let name = "Sigmoid"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  @inline(__always)
  public func apply<Number: Real>(_ x: Number) -> Number { x.sigmoid }
}
