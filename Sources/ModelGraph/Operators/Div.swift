/// Div: the quotient, element by element; integers are truncated towards zero.
/// https://onnx.ai/onnx/operators/onnx__Div.html, opsets 1, 6, 7, 13 and 14.
///
/// Inputs: A, B, of one number type. Output: C, of the shape both broadcast to.
public struct Div: BinaryArithmetic {
  public static let name = "Div"
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public static func combine<Number: Arithmetic>(_ a: Number, _ b: Number) -> Number { a.divided(by: b) }
}
