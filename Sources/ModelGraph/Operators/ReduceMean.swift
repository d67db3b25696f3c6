/// ReduceMean: the mean over some axes. https://onnx.ai/onnx/operators/onnx__ReduceMean.html, opsets 1, 11, 13 (`axes`
/// is an attribute) and 18 (an input).
///
/// Inputs: data, axes int64 (optional; constant). Output: reduced, whose reduced axes are 1 or, without `keepdims`,
/// gone.
public struct ReduceMean: NumberOperator {
  public static let name = "ReduceMean"
  public typealias Input = Reduction.Input
  public static let inputs = Reduction.Input.all
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var reduction: Reduction

  public init(_ reduction: Reduction = Reduction()) { self.reduction = reduction }

  public init(_ attributes: AttributeReader) throws(GraphError) { reduction = try Reduction(attributes) }

  public var attributes: [Attribute] { reduction.attributes }

  /// Whether each axis of `data` is reduced; throws E206 for an axis that it has not.
  public func reducedAxes(of data: Shape, axes: Tensor?) throws(GraphError) -> [Bool] {
    try reduction.reducedAxes(of: data, axes: axes, Self.name)
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.check(Input.data, is: [.float32, .float64, .int32, .int64])
    return [try reduction.infer(inputs)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    switch try inputs.required(Input.data).type {
    case .float32: return [try mean(inputs, of: Float.self)]
    case .float64: return [try mean(inputs, of: Double.self)]
    case .int32: return try evaluate(inputs, as: Int32.self)
    default: return try evaluate(inputs, as: Int64.self)
    }
  }

  public func evaluate<Number: Arithmetic>(
    _ inputs: Inputs<Tensor>, as _: Number.Type
  ) throws(GraphError) -> [Tensor] {
    let mean = try reduction.reduce(inputs, from: 0 as Number) { (sum: Number, next: Number) in
      sum.plus(next)
    } finish: { sum, count in
      sum.divided(by: Number(count: count))
    }
    return [mean]
  }

  private func mean<Number: Real>(_ inputs: Inputs<Tensor>, of _: Number.Type) throws(GraphError) -> Tensor {
    try reduction.reduce(inputs, from: 0.0) { (sum: Double, next: Number) in
      sum + next.wide
    } finish: { sum, count in
      Number(sum / Double(count))
    }
  }
}
