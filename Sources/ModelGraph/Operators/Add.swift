/// Add: the sum, element by element. https://onnx.ai/onnx/operators/onnx__Add.html, opsets 1, 6, 7, 13 and 14.
///
/// Inputs: A, B, of one number type. Output: C, of the shape both broadcast to.
public struct Add: BinaryArithmetic {
  public static let name = "Add"
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public static func combine<Number: Arithmetic>(_ a: Number, _ b: Number) -> Number { a.plus(b) }
}
