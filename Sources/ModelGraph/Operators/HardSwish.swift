/// HardSwish: y = x · max(0, min(1, x/6 + 1/2)). https://onnx.ai/onnx/operators/onnx__HardSwish.html, opset 14.
///
/// Input: X. Output: Y, of the same shape.
public struct HardSwish: FloatFunction {
  public static let name = "HardSwish"
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  @inline(__always)
  public func apply<Number: Real>(_ x: Number) -> Number { x.hardSwish }
}
