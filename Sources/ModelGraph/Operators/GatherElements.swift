/// GatherElements: elements of data at an index each. https://onnx.ai/onnx/operators/onnx__GatherElements.html,
/// opsets 11 and 13.
///
/// Inputs: data, indices (int32 or int64, of the same rank; negative from the back). Output: of the shape of indices,
/// `y[i, j] = data[indices[i, j], j]` for axis 0.
public struct GatherElements: OperatorDefinition {
  public static let name = "GatherElements"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let indices = OperatorInput(1, "indices", .setting)
  }

  public static let inputs = [Input.data, Input.indices]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  public var axis: Int

  public init(axis: Int = 0) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) { axis = try attributes.int("axis", default: 0) }

  public var attributes: [Attribute] { [.int("axis", axis)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (data, indices) = (try inputs.required(Input.data), try inputs.required(Input.indices))
    try inputs.checkIndices(Input.indices)
    try data.shape.checkElementIndices(
      indices.shape, axis: try data.shape.axis(axis, of: Self.name), of: Self.name)
    return [Fact(data.type, indices.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (data, indices) = (try inputs.required(Input.data), try inputs.required(Input.indices))
    let places = try data.shape.places(
      of: indices, along: try data.shape.axis(axis, of: Self.name), of: Self.name)
    return [try data.runs(at: places, of: 1, shape: indices.shape)]
  }
}
