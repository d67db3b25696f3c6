/// ReduceL2: the root of the sum of squares over some axes. https://onnx.ai/onnx/operators/onnx__ReduceL2.html, opsets 1, 11, 13
/// (`axes` is an attribute) and 18 (an input).
///
/// Inputs: data, axes int64 (optional; constant). Output: reduced, whose reduced axes are 1 or, without `keepdims`,
/// gone. That of integers is truncated.
public struct ReduceL2: ReductionOperator {
  public static let name = "ReduceL2"
  public static let differentiability = Differentiability.differentiable

  public var reduction: Reduction

  public init(_ reduction: Reduction = Reduction()) { self.reduction = reduction }

  public static var isReal: Bool { true }
  public static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number {
    held.plus(next.times(next))
  }
  public static func finish(real held: Double, count: Int) -> Double { held.squareRoot() }
}
