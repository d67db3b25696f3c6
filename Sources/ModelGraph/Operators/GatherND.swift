import Text

/// GatherND: slices of data at an index tuple each. https://onnx.ai/onnx/operators/onnx__GatherND.html, opsets 11, 12
/// (`batch_dims`) and 13.
///
/// Inputs: data, indices (int64, tuples along its last axis; negative from the back). Output: indices' shape without
/// its last axis, and then data's without the axes that a tuple names. The first `batch_dims` axes are common to
/// both.
public struct GatherND: OperatorDefinition {
  public static let name = "GatherND"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let indices = OperatorInput(1, "indices", .setting)
  }

  public static let inputs = [Input.data, Input.indices]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  public var batchAxes: Int

  public init(batchAxes: Int = 0) { self.batchAxes = batchAxes }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    batchAxes = attributes.opset >= 12 ? try attributes.int("batch_dims", default: 0) : 0
    guard batchAxes >= 0 else { throw attributes.bad("batch_dims", "is \(batchAxes), must not be negative") }
  }

  public var attributes: [Attribute] { [.int("batch_dims", batchAxes)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (data, indices) = (try inputs.required(Input.data), try inputs.required(Input.indices))
    try inputs.checkIndices(Input.indices)
    return [Fact(data.type, try shape(data.shape, indices.shape))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (data, indices) = (try inputs.required(Input.data), try inputs.required(Input.indices))
    let shape = try shape(data.shape, indices.shape)
    let starts = try data.shape.runStarts(of: indices, batchAxes: batchAxes, of: Self.name)
    let length = data.shape.count(from: batchAxes + (indices.shape.extents.last ?? 0))
    return [try data.runs(at: starts, of: length, shape: shape)]
  }

  private func shape(_ data: Shape, _ indices: Shape) throws(GraphError) -> Shape {
    guard data.rank >= 1, let depth = indices.extents.last, batchAxes < min(data.rank, indices.rank), depth >= 1,
      depth <= data.rank - batchAxes, data.extents[..<batchAxes] == indices.extents[..<batchAxes]
    else {
      throw .mismatch("GatherND: indices \(indices) do not fit data \(data) with \(batchAxes) batch axes")
    }
    return Shape(indices.extents.dropLast() + data.extents[(batchAxes + depth)...])
  }
}
