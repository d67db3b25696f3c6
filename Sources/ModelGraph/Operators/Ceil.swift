/// Ceil: the least integer that is not below x. https://onnx.ai/onnx/operators/onnx__Ceil.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same shape.
public struct Ceil: RealFunction {
  public static let name = "Ceil"
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x.rounded(.up) }
}
