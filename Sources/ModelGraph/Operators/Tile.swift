import Text

/// Tile: a tensor repeated along its axes. https://onnx.ai/onnx/operators/onnx__Tile.html, opsets 6 and 13.
///
/// Inputs: input, repeats (int64 vector, a number for each axis; constant).
public struct Tile: OperatorDefinition {
  public static let name = "Tile"

  public enum Input {
    public static let data = OperatorInput(0, "input", .activation)
    public static let repeats = OperatorInput(1, "repeats", .setting)
  }

  public static let inputs = [Input.data, Input.repeats]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    return [Fact(data.type, try shape(data.shape, inputs))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let shape = try shape(data.shape, inputs.facts)
    let strides = data.shape.strides
    return [try data.picking(shape) { axis in (0..<shape[axis]).map { $0 % data.shape[axis] * strides[axis] } }]
  }

  private func shape(_ data: Shape, _ inputs: Inputs<Fact>) throws(GraphError) -> Shape {
    let repeats = try inputs.ints(Input.repeats)
    guard repeats.count == data.rank, repeats.allSatisfy({ $0 >= 0 }) else {
      throw .mismatch("Tile: repeats \(Shape(repeats)) do not fit input \(data)")
    }
    return Shape(zip(data.extents, repeats).map { $0.saturatingTimes($1) })
  }
}
