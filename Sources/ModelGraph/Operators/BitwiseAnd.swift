/// BitwiseAnd: the bits that both have. https://onnx.ai/onnx/operators/onnx__BitwiseAnd.html, opset 18.
///
/// Inputs: A, B, of one type. Output: C, of the shape both broadcast to.
public struct BitwiseAnd: BitCombination {
  public static let name = "BitwiseAnd"
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")
  public static var types: [ElementType] { ElementType.integers }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func combine<Number: FixedWidthInteger>(_ a: Number, _ b: Number) -> Number { a & b }
}
