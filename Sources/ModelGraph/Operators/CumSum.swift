/// CumSum: the sum of the elements along an axis up to each. https://onnx.ai/onnx/operators/onnx__CumSum.html,
/// opsets 11 and 14.
///
/// Inputs: x, axis (int32 or int64, one number). Output: y, of x's shape. With `exclusive`, an element itself does not
/// count; with `reverse`, the elements from it to the end count.
public struct CumSum: CumulativeOperator {
  public static let name = "CumSum"
  public static let differentiability = Differentiability.differentiable
  public static var types: [ElementType] { ElementType.reducible }

  public var direction: CumulativeDirection

  public init(_ direction: CumulativeDirection = CumulativeDirection()) { self.direction = direction }

  public static func start<Number: Arithmetic>() -> Number { 0 }
  public static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number { held.plus(next) }
}
