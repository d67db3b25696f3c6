import Platform

/// ReduceLogSumExp: the logarithm of the sum of exponentials over some axes.
/// https://onnx.ai/onnx/operators/onnx__ReduceLogSumExp.html, opsets 1, 11, 13 (`axes` is an attribute) and 18 (an
/// input).
///
/// Inputs: data, axes int64 (optional; constant). Output: reduced, whose reduced axes are 1 or, without `keepdims`,
/// gone. The largest element is subtracted before and added after, so that no exponential overflows. The result of
/// integers is truncated.
public struct ReduceLogSumExp: OperatorDefinition {
  public typealias Input = Reduction.Input

  public static let name = "ReduceLogSumExp"
  public static let inputs = Reduction.Input.all
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable
  public static var types: [ElementType] { ElementType.reducible }

  public var reduction: Reduction

  public init(_ reduction: Reduction = Reduction()) { self.reduction = reduction }

  public init(_ attributes: AttributeReader) throws(GraphError) { self.init(try Reduction(attributes)) }

  public var attributes: [Attribute] { reduction.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.check(Input.data, is: Self.types)
    return [try reduction.infer(inputs)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let axes = inputs[Input.axes]
    let wide = try data.converted(to: .float64)
    // An infinite largest element is not subtracted: ∞ − ∞ is no number.
    let kept = ReduceMax(Reduction(noAxesMeansNone: reduction.noAxesMeansNone))
    let largest = try kept.evaluate(Inputs(Self.name, [wide, axes]))[0].mapped(real: { $0.isFinite ? $0 : 0 })
    let powers = try wide.combined(with: largest, of: Self.name, real: { platform_exp($0 - $1) })
    let sums = try ReduceSum(reduction).evaluate(Inputs(Self.name, [powers, axes]))[0]
    let same = try largest.reshaped(sums.shape)
    let result = try sums.combined(with: same, of: Self.name, real: { platform_log($0) + $1 })
    return [try result.converted(to: data.type)]
  }
}
