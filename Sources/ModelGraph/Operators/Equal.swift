/// Equal: whether A is B, element by element. https://onnx.ai/onnx/operators/onnx__Equal.html,
/// opsets 1, 7, 11 and 13.
///
/// Inputs: A, B, of one type. Output: C, bool, of the shape both broadcast to. A NaN is neither equal to any number nor
/// above or below it.
public struct Equal: ComparisonOperator {
  public static let name = "Equal"
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")
  public static var types: [ElementType] { ElementType.all }

  public init() {}

  public static func holds<Number: Arithmetic>(_ a: Number, _ b: Number) -> Bool { a == b }
}
