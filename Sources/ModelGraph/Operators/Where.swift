import Text

/// Where: X where the condition is true, Y elsewhere. https://onnx.ai/onnx/operators/onnx__Where.html, opsets 9 and 16.
///
/// Inputs: condition (bool), X, Y, of one type. Output: of the shape that all three broadcast to.
public struct Where: OperatorDefinition {
  public static let name = "Where"

  public enum Input {
    public static let condition = OperatorInput(0, "condition", .activation)
    public static let x = OperatorInput(1, "X", .activationOrWeight)
    public static let y = OperatorInput(2, "Y", .activationOrWeight)
  }

  public static let inputs = [Input.condition, Input.x, Input.y]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.condition, is: [.bool])
    try inputs.check(Input.y, matches: Input.x)
    return [Fact(x.type, try shape(inputs))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let shape = try shape(inputs.facts)
    let condition = try inputs.required(Input.condition).spread(to: shape)
    let y = try inputs.required(Input.y).spread(to: shape)
    var result = try inputs.required(Input.x).spread(to: shape)
    let size = result.type.byteCount
    condition.withElements(Bool.self) { condition in
      y.withBytes { source in
        result.withMutableBytes { target in
          // One copy for each run of elements that come from Y.
          var start = 0
          while start < condition.count {
            var end = start
            while end < condition.count, !condition[end] { end += 1 }
            let run = start * size..<end * size
            UnsafeMutableRawBufferPointer(rebasing: target[run]).copyMemory(
              from: UnsafeRawBufferPointer(rebasing: source[run]))
            start = end + 1
          }
        }
      }
    }
    return [result]
  }

  private func shape(_ inputs: Inputs<Fact>) throws(GraphError) -> Shape {
    let values = try broadcast(
      inputs.required(Input.x).shape, inputs.required(Input.y).shape, of: Self.name)
    return try broadcast(inputs.required(Input.condition).shape, values.checked(), of: Self.name)
  }
}

extension Tensor {
  /// The tensor broadcast to `shape`, to which it must broadcast.
  fileprivate func spread(to shape: Shape) throws(GraphError) -> Tensor {
    if self.shape == shape { return self }
    let (own, strides, missing) = (self.shape, self.shape.strides, shape.rank - self.shape.rank)
    return try picking(shape) { axis in
      let step = axis < missing || own[axis - missing] == 1 ? 0 : strides[axis - missing]
      return (0..<shape[axis]).map { $0 * step }
    }
  }
}
