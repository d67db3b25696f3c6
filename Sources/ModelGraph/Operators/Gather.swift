import Text

/// Gather: slices of data along one axis, in the order of indices. https://onnx.ai/onnx/operators/onnx__Gather.html,
/// opsets 1, 11 and 13.
///
/// Inputs: data, indices (int32 or int64, any rank; negative from the back). Output: data's shape with the extent of
/// `axis` replaced by the whole shape of indices.
public struct Gather: OperatorDefinition {
  public static let name = "Gather"

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
    let data = try inputs.required(Input.data)
    let indices = try inputs.required(Input.indices)
    guard indices.type == .int64 || indices.type == .int32 else {
      throw GraphError(.typeMismatch, "Gather: indices must be int64 or int32, are \(indices.type.name)")
    }
    return [Fact(data.type, try shape(data.shape, indices.shape))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let indices = try inputs.required(Input.indices)
    let axis = try data.shape.axis(axis, of: "Gather")
    let (extent, strides) = (data.shape[axis], data.shape.strides)
    var picked: [Int] = []
    for index in indices.ints ?? [] {
      guard index >= -extent, index < extent else {
        throw GraphError(.badInput, "Gather: index \(index) is outside axis \(axis) of data \(data.shape)")
      }
      picked.append((index < 0 ? index + extent : index) * strides[axis])
    }
    var rows = data.shape
    rows[axis] = picked.count
    let gathered = try data.picking(rows) { other in
      other == axis ? picked : (0..<rows[other]).map { $0 * strides[other] }
    }
    return [try gathered.reshaped(try shape(data.shape, indices.shape))]
  }

  private func shape(_ data: Shape, _ indices: Shape) throws(GraphError) -> Shape {
    let axis = try data.axis(axis, of: "Gather")
    return Shape(data.extents[..<axis] + indices.extents + data.extents[(axis + 1)...])
  }
}
