/// ReduceMax: the largest element over some axes. https://onnx.ai/onnx/operators/onnx__ReduceMax.html, opsets 1 to 13
/// (`axes` is an attribute), 18 (an input) and 20 (bool too).
///
/// Inputs: data, axes int64 (optional; constant). Output: reduced, whose reduced axes are 1 or, without `keepdims`,
/// gone. NaN wins over every number; of nothing, the largest is the lowest number there is.
public struct ReduceMax: NumberOperator {
  public static let name = "ReduceMax"
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

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] { [try reduction.infer(inputs)] }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    switch data.type {
    case .float32: return try evaluate(inputs, as: Float.self)
    case .float64: return try evaluate(inputs, as: Double.self)
    case .int8: return try evaluate(inputs, as: Int8.self)
    case .uint8: return try evaluate(inputs, as: UInt8.self)
    case .int32: return try evaluate(inputs, as: Int32.self)
    case .int64: return try evaluate(inputs, as: Int64.self)
    case .bool:
      let numbers = try Tensor(data.shape, data.array(of: Bool.self).map { $0 ? UInt8(1) : 0 })
      let most = try evaluate(Inputs(Self.name, [numbers, inputs[Input.axes]]), as: UInt8.self)[0]
      return [try Tensor(most.shape, most.array(of: UInt8.self).map { $0 != 0 })]
    }
  }

  public func evaluate<Number: Arithmetic>(
    _ inputs: Inputs<Tensor>, as _: Number.Type
  ) throws(GraphError) -> [Tensor] {
    let most = try reduction.reduce(inputs, from: Number.lowest) { (most: Number, next: Number) in
      most.orLarger(next)
    } finish: { most, _ in
      most
    }
    return [most]
  }
}
