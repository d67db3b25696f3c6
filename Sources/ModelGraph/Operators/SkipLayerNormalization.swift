import Text

/// SkipLayerNormalization of com.microsoft: LayerNormalization of input + skip + bias over the last axis.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.SkipLayerNormalization
///
/// Inputs: input `[…, S, H]`, skip, which broadcasts to it, gamma `[H]`, beta and bias `[H]` (optional). Outputs:
/// output, of input's shape; mean and inv_std_var (optional), float32 with last extent 1; input_skip_bias_sum
/// (optional).
public struct SkipLayerNormalization: OperatorDefinition {
  public static let name = "SkipLayerNormalization"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
    public static let skip = OperatorInput(1, "skip", .activation)
    public static let gamma = OperatorInput(2, "gamma", .weight)
    public static let beta = OperatorInput(3, "beta", .weight, .optional)
    public static let bias = OperatorInput(4, "bias", .weight, .optional)
  }

  public static let inputs = [Input.x, Input.skip, Input.gamma, Input.beta, Input.bias]
  public static let outputs = 1...4
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("it is made for running only")

  public var epsilon: Float

  public init(epsilon: Float = 1e-12) { self.epsilon = epsilon }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    epsilon = try attributes.float("epsilon", default: 1e-12)
  }

  public var attributes: [Attribute] { [.float("epsilon", epsilon)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    _ = try inputs.required(Input.skip)
    _ = try inputs.required(Input.gamma)
    try inputs.check(Input.x, is: ElementType.floats)
    guard x.shape.rank >= 2 else { throw .wrongRank("\(Self.name): input", expected: 3, found: x.shape.rank) }
    try inputs.check(Input.skip, broadcastsTo: Input.x)
    for input in [Input.gamma, Input.beta, Input.bias] {
      try inputs.check(input, matches: Input.x)
      try inputs.check(input, isShaped: [x.shape[x.shape.rank - 1]])
    }
    let statistics = Fact(.float32, rows(x.shape))
    return [Fact(x.type, x.shape), statistics, statistics, Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, skip, gamma) = (
      try inputs.required(Input.x), try inputs.required(Input.skip), try inputs.required(Input.gamma)
    )
    var sum = try x.combined(with: skip, of: Self.name, to: .float64) { $0 + $1 }
    if let bias = inputs[Input.bias] { sum = try sum.combined(with: bias, of: Self.name) { $0 + $1 } }
    let shape = rows(x.shape)
    let normal = try sum.standardized(rows: shape.count, epsilon: epsilon)
    return [
      try normal.values.affine(gamma, inputs[Input.beta], of: Self.name).converted(to: x.type),
      try normal.means.reshaped(shape).converted(to: .float32),
      try normal.factors.reshaped(shape).converted(to: .float32),
      try sum.converted(to: x.type),
    ]
  }

  private func rows(_ x: Shape) -> Shape { Shape(x.extents.dropLast() + [1]) }
}
