/// IsNaN: whether X is NaN. https://onnx.ai/onnx/operators/onnx__IsNaN.html, opsets 9, 13 and 20.
///
/// Input: X. Output: Y, bool, of the same shape.
public struct IsNaN: FloatTest {
  public static let name = "IsNaN"
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func holds(_ x: Double) -> Bool { x.isNaN }
}
