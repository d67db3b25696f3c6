/// ReduceSum: the sum over some axes. https://onnx.ai/onnx/operators/onnx__ReduceSum.html, opsets 1, 11
/// (`axes` is an attribute) and 13 (an input).
///
/// Inputs: data, axes int64 (optional; constant). Output: reduced, whose reduced axes are 1 or, without `keepdims`,
/// gone.
public struct ReduceSum: ReductionOperator {
  public static let name = "ReduceSum"
  public static let differentiability = Differentiability.differentiable

  public var reduction: Reduction

  public init(_ reduction: Reduction = Reduction()) { self.reduction = reduction }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    self.init(try Reduction(attributes, axesAreInputSince: 13))
  }

  public static func combine<Number: Arithmetic>(_ held: Number, _ next: Number) -> Number { held.plus(next) }
}
