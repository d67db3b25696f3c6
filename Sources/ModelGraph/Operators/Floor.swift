/// Floor: the greatest integer that is not above x. https://onnx.ai/onnx/operators/onnx__Floor.html, opsets 1, 6 and 13.
///
/// Input: X. Output: Y, of the same shape.
public struct Floor: RealFunction {
  public static let name = "Floor"
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func apply(_ x: Double) -> Double { x.rounded(.down) }
}
