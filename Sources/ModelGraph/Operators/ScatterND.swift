import Text

/// ScatterND: data with slices replaced by updates, or combined with them.
/// https://onnx.ai/onnx/operators/onnx__ScatterND.html, opsets 11, 13, 16 and 18 (`reduction`).
///
/// Inputs: data, indices (int64, tuples along its last axis; negative from the back), updates (indices' shape without
/// its last axis, and then data's without the axes that a tuple names). Of several updates of one slice the last one
/// stays.
public struct ScatterND: OperatorDefinition {
  public static let name = "ScatterND"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let indices = OperatorInput(1, "indices", .setting)
    public static let updates = OperatorInput(2, "updates", .activation)
  }

  public static let inputs = [Input.data, Input.indices, Input.updates]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var reduction: ScatterReduction

  public init(reduction: ScatterReduction = .none) { self.reduction = reduction }

  public init(_ attributes: AttributeReader) throws(GraphError) { reduction = try ScatterReduction(attributes) }

  public var attributes: [Attribute] { reduction.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (data, indices) = (try inputs.required(Input.data), try inputs.required(Input.indices))
    let updates = try inputs.required(Input.updates)
    try inputs.checkIndices(Input.indices)
    try inputs.check(Input.updates, matches: Input.data)
    guard data.shape.rank >= 1, let depth = indices.shape.extents.last, depth >= 1, depth <= data.shape.rank,
      updates.shape.extents == Array(indices.shape.extents.dropLast() + data.shape.extents[depth...])
    else {
      throw .mismatch(
        "ScatterND: indices \(indices.shape) and updates \(updates.shape) do not fit data \(data.shape)")
    }
    return [Fact(data.type, data.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    var data = try inputs.required(Input.data)
    let indices = try inputs.required(Input.indices)
    let starts = try data.shape.runStarts(of: indices, of: Self.name)
    let length = data.shape.count(from: indices.shape.extents.last ?? 0)
    data.scatter(try inputs.required(Input.updates), at: starts, of: length, by: reduction)
    return [data]
  }
}
