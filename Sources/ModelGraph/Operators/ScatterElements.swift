import Text

/// ScatterElements: data with elements replaced by updates, or combined with them.
/// https://onnx.ai/onnx/operators/onnx__ScatterElements.html, opsets 11, 13, 16 and 18 (`reduction`).
///
/// Inputs: data, indices (int32 or int64, of the same rank; negative from the back), updates (of the shape of
/// indices). `y[indices[i, j], j] = updates[i, j]` for axis 0. Of several updates of one element the last one stays.
/// It was called Scatter before opset 11.
public struct ScatterElements: OperatorDefinition {
  public static let name = "ScatterElements"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let indices = OperatorInput(1, "indices", .setting)
    public static let updates = OperatorInput(2, "updates", .activation)
  }

  public static let inputs = [Input.data, Input.indices, Input.updates]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var axis: Int
  public var reduction: ScatterReduction

  public init(axis: Int = 0, reduction: ScatterReduction = .none) {
    self.axis = axis
    self.reduction = reduction
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axis = try attributes.int("axis", default: 0)
    reduction = try ScatterReduction(attributes)
  }

  public var attributes: [Attribute] { [.int("axis", axis)] + reduction.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (data, indices) = (try inputs.required(Input.data), try inputs.required(Input.indices))
    let updates = try inputs.required(Input.updates)
    try inputs.checkIndices(Input.indices)
    try inputs.check(Input.updates, matches: Input.data)
    try data.shape.checkElementIndices(
      indices.shape, axis: try data.shape.axis(axis, of: Self.name), of: Self.name)
    guard updates.shape == indices.shape else {
      throw .mismatch("ScatterElements: updates \(updates.shape) do not fit indices \(indices.shape)")
    }
    return [Fact(data.type, data.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    var data = try inputs.required(Input.data)
    let places = try data.shape.places(
      of: try inputs.required(Input.indices), along: try data.shape.axis(axis, of: Self.name), of: Self.name)
    data.scatter(try inputs.required(Input.updates), at: places, of: 1, by: reduction)
    return [data]
  }
}

/// What ScatterElements was called before opset 11. https://onnx.ai/onnx/operators/onnx__Scatter.html
public enum Scatter {
  public static let name = "Scatter"
}
