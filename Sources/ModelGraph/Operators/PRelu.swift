import Text

/// PRelu: x, or slope · x below zero. https://onnx.ai/onnx/operators/onnx__PRelu.html, opsets 1, 6 (slope is of the
/// channels), 7, 9 and 16 (slope broadcasts).
///
/// Inputs: X, slope, which broadcasts to X. Output: Y, of X's shape.
public struct PRelu: OperatorDefinition {
  public static let name = "PRelu"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let slope = OperatorInput(1, "slope", .weight)
  }

  public static let inputs = [Input.x, Input.slope]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    if attributes.opset < 7 { attributes.align(Input.slope, to: 1) }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, slope) = (try inputs.required(Input.x), try inputs.required(Input.slope))
    try inputs.check(Input.x, is: ElementType.floats + [.int32, .int64, .uint32, .uint64])
    try inputs.check(Input.slope, matches: Input.x)
    guard Shape.broadcast(x.shape, slope.shape) == x.shape else {
      throw .mismatch("PRelu: slope is \(slope.shape), which does not broadcast to X \(x.shape)")
    }
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, slope) = (try inputs.required(Input.x), try inputs.required(Input.slope))
    return [
      try x.combined(
        with: slope, of: Self.name, real: { $0 < 0 ? $0 * $1 : $0 }, signed: { $0 < 0 ? $0 &* $1 : $0 },
        unsigned: { x, _ in x })
    ]
  }
}
