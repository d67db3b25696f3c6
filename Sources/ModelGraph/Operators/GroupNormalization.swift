import Text

/// GroupNormalization: (X − mean) / √(variance + epsilon) · scale + bias, where mean and variance are those of each
/// group of channels of each sample. https://onnx.ai/onnx/operators/onnx__GroupNormalization.html, opsets 18 (scale and
/// bias for each group) and 21 (for each channel).
///
/// Inputs: X `[N, C, …]`, scale and bias `[C]` (opset 18: `[num_groups]`). Output: Y, of the same shape. Everything is
/// computed in double precision, whatever `stash_type` says.
public struct GroupNormalization: OperatorDefinition {
  public static let name = "GroupNormalization"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let scale = OperatorInput(1, "scale", .weight)
    public static let bias = OperatorInput(2, "bias", .weight)
  }

  public static let inputs = [Input.x, Input.scale, Input.bias]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var groups: Int
  public var epsilon: Float
  /// The meaning before opset 21: scale and bias hold one number for each group. When a file is written,
  /// ``Graph/withOldNormalizationSpelledOut()`` repeats them for each channel.
  public var scalesGroups: Bool

  public init(groups: Int = 1, epsilon: Float = 1e-5, scalesGroups: Bool = false) {
    self.groups = groups
    self.epsilon = epsilon
    self.scalesGroups = scalesGroups
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    groups = try attributes.int("num_groups")
    guard groups >= 1 else { throw attributes.bad("num_groups", "is \(groups), must be at least 1") }
    epsilon = try attributes.float("epsilon", default: 1e-5)
    scalesGroups = attributes.opset < 21
    if !scalesGroups { _ = try attributes.stashType() }
  }

  public var attributes: [Attribute] { [.int("num_groups", groups), .float("epsilon", epsilon)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats)
    guard x.shape.rank >= 2 else { throw .wrongRank("GroupNormalization: X", expected: 4, found: x.shape.rank) }
    guard x.shape[1] >= groups, x.shape[1] % groups == 0 else {
      throw .mismatch("GroupNormalization: X has \(x.shape[1]) channels, which \(groups) groups do not divide")
    }
    for input in [Input.scale, Input.bias] {
      _ = try inputs.required(input)
      try inputs.check(input, matches: Input.x)
      try inputs.check(input, isShaped: [scalesGroups ? groups : x.shape[1]])
    }
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, scale, bias) = (
      try inputs.required(Input.x), try inputs.required(Input.scale), try inputs.required(Input.bias)
    )
    let rows = x.shape[0] * groups
    let normal = try x.standardized(rows: rows, epsilon: epsilon).values
    let pieces = scalesGroups ? groups : x.shape[1]
    // Samples, what has a scale of its own, and the rest: the data of a group or a channel lies together.
    let length = x.count / max(x.shape[0] * pieces, 1)
    let y = try normal.reshaped([x.shape[0], pieces, length])
      .affine(scale.alongChannels(3), bias.alongChannels(3), of: Self.name)
    return [try y.converted(to: x.type).reshaped(x.shape)]
  }
}
