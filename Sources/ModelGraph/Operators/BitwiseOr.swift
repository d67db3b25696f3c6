/// BitwiseOr: the bits that either has. https://onnx.ai/onnx/operators/onnx__BitwiseOr.html, opset 18.
///
/// Inputs: A, B, of one type. Output: C, of the shape both broadcast to.
public struct BitwiseOr: BitCombination {
  public static let name = "BitwiseOr"
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")
  public static var types: [ElementType] { ElementType.integers }

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func combine<Number: FixedWidthInteger>(_ a: Number, _ b: Number) -> Number { a | b }
}
