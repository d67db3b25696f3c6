import Text

/// Expand: a tensor broadcast to a shape. https://onnx.ai/onnx/operators/onnx__Expand.html, opsets 8 and 13.
///
/// Inputs: input, shape (int64 vector; constant). Output: of the shape that both broadcast to.
public struct Expand: OperatorDefinition {
  public static let name = "Expand"

  public enum Input {
    public static let data = OperatorInput(0, "input", .activation)
    public static let shape = OperatorInput(1, "shape", .setting)
  }

  public static let inputs = [Input.data, Input.shape]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    let wanted = Shape(try inputs.ints(Input.shape))
    guard wanted.extents.allSatisfy({ $0 >= 0 }) else { throw .mismatch("Expand: shape is \(wanted)") }
    return [Fact(data.type, try broadcast(data.shape, wanted, of: Self.name))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let shape = try broadcast(data.shape, Shape(try inputs.facts.ints(Input.shape)), of: Self.name)
    return [try data.expanded(to: shape)]
  }
}

extension Tensor {
  /// The elements repeated along every axis that this tensor lacks or has with extent 1. It must broadcast to `shape`.
  func expanded(to shape: Shape) throws(GraphError) -> Tensor {
    let missing = shape.rank - self.shape.rank
    let strides = self.shape.strides
    return try picking(shape) { axis in
      let own = axis - missing
      let stride = own < 0 || self.shape[own] == 1 ? 0 : strides[own]
      return (0..<shape[axis]).map { $0 * stride }
    }
  }
}
