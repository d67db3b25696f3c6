/// And: whether A and B are true. https://onnx.ai/onnx/operators/onnx__And.html, opsets 1 and 7.
///
/// Inputs: A, B, of one type. Output: C, of the shape both broadcast to.
public struct And: BitCombination {
  public static let name = "And"
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")
  public static var types: [ElementType] { [.bool] }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {
    try attributes.readOldBroadcast(of: Input.b)
  }

  public func combine<Number: FixedWidthInteger>(_ a: Number, _ b: Number) -> Number { a & b }
}
