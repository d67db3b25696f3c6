/// ReduceMin: the smallest element over some axes. https://onnx.ai/onnx/operators/onnx__ReduceMin.html, opsets 1 to 13
/// (`axes` is an attribute), 18 (an input) and 20 (bool too).
///
/// Inputs: data, axes int64 (optional; constant). Output: reduced, whose reduced axes are 1 or, without `keepdims`,
/// gone. NaN wins over every number; of nothing, the smallest is the highest number there is.
public struct ReduceMin: ReductionOperator {
  public static let name = "ReduceMin"
  public static let differentiability = Differentiability.differentiable

  public var reduction: Reduction

  public init(_ reduction: Reduction = Reduction()) { self.reduction = reduction }

  public static var types: [ElementType] { ElementType.reducible + [.int8, .uint8, .bool] }
  public static func start<Number: Arithmetic>() -> Number { .highest }
  public static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number { held.orSmaller(next) }
}
