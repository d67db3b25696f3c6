/// Greater: whether A is above B, element by element. https://onnx.ai/onnx/operators/onnx__Greater.html,
/// opsets 1, 7, 9 and 13.
///
/// Inputs: A, B, of one type. Output: C, bool, of the shape both broadcast to. A NaN is neither equal to any number nor
/// above or below it.
public struct Greater: ComparisonOperator {
  public static let name = "Greater"
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")

  public init() {}

  public static func holds<Number: Arithmetic>(_ a: Number, _ b: Number) -> Bool { a > b }
}
