/// Round: the nearest integer, halves to even. https://onnx.ai/onnx/operators/onnx__Round.html, opsets 11 and 22.
///
/// Input: X. Output: Y, of the same shape.
public struct Round: RealFunction {
  public static let name = "Round"
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x.rounded(.toNearestOrEven) }
}
