/// ReduceMean: the mean over some axes. https://onnx.ai/onnx/operators/onnx__ReduceMean.html, opsets 1, 11, 13 (`axes`
/// is an attribute) and 18 (an input).
///
/// Inputs: data, axes int64 (optional; constant). Output: reduced, whose reduced axes are 1 or, without `keepdims`,
/// gone.
public struct ReduceMean: ReductionOperator {
  public static let name = "ReduceMean"
  public static let differentiability = Differentiability.differentiable

  public var reduction: Reduction

  public init(_ reduction: Reduction = Reduction()) { self.reduction = reduction }

  public static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number { held.plus(next) }

  public static func finish<Number: Arithmetic>(_ held: Number, count: Int) -> Number {
    held.divided(by: Number(count: count))
  }

  public static func finish(real held: Double, count: Int) -> Double { held / Double(count) }
}
