/// GreaterOrEqual: whether A is B or above it, element by element. https://onnx.ai/onnx/operators/onnx__GreaterOrEqual.html,
/// opsets 12 and 16.
///
/// Inputs: A, B, of one type. Output: C, bool, of the shape both broadcast to. A NaN is neither equal to any number nor
/// above or below it.
public struct GreaterOrEqual: ComparisonOperator {
  public static let name = "GreaterOrEqual"
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")

  public init() {}

  public static func holds<Number: Arithmetic>(_ a: Number, _ b: Number) -> Bool { a >= b }
}
