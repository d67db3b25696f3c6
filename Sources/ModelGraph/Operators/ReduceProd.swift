/// ReduceProd: the product over some axes. https://onnx.ai/onnx/operators/onnx__ReduceProd.html, opsets 1, 11, 13
/// (`axes` is an attribute) and 18 (an input).
///
/// Inputs: data, axes int64 (optional; constant). Output: reduced, whose reduced axes are 1 or, without `keepdims`,
/// gone.
public struct ReduceProd: ReductionOperator {
  public static let name = "ReduceProd"
  public static let differentiability = Differentiability.differentiable

  public var reduction: Reduction

  public init(_ reduction: Reduction = Reduction()) { self.reduction = reduction }

  public static func start<Number: Arithmetic>() -> Number { 1 }
  public static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number { held.times(next) }
}
