/// InstanceNormalization: (x − mean) / √(variance + epsilon) · scale + B, where mean and variance are those of each
/// channel of each sample. https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html, opsets 1, 6 and 22.
///
/// Inputs: input `[N, C, …]`, scale and B `[C]`. Output: output, of the same shape.
public struct InstanceNormalization: OperatorDefinition {
  public static let name = "InstanceNormalization"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
    public static let scale = OperatorInput(1, "scale", .weight)
    public static let b = OperatorInput(2, "B", .weight)
  }

  public static let inputs = [Input.x, Input.scale, Input.b]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var epsilon: Float

  public init(epsilon: Float = 1e-5) { self.epsilon = epsilon }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    epsilon = try attributes.float("epsilon", default: 1e-5)
    // Said which inputs an engine may overwrite.
    if attributes.opset < 6 { _ = attributes.take("consumed_inputs") }
  }

  public var attributes: [Attribute] { [.float("epsilon", epsilon)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats)
    guard x.shape.rank >= 2 else { throw .wrongRank("InstanceNormalization: input", expected: 3, found: x.shape.rank) }
    for input in [Input.scale, Input.b] {
      _ = try inputs.required(input)
      try inputs.check(input, matches: Input.x)
      try inputs.check(input, isShaped: [x.shape[1]])
    }
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, scale, b) = (
      try inputs.required(Input.x), try inputs.required(Input.scale), try inputs.required(Input.b)
    )
    let rank = x.shape.rank
    let normal = try x.standardized(rows: x.shape[0] * x.shape[1], epsilon: epsilon)
    let y = try normal.values.affine(scale.alongChannels(rank), b.alongChannels(rank), of: Self.name)
    return [try y.converted(to: x.type)]
  }
}
