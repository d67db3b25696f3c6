/// LayerNormalization: (X − mean) / √(variance + epsilon) · Scale + B over all axes from `axis` on.
/// https://onnx.ai/onnx/operators/onnx__LayerNormalization.html, opset 17.
///
/// Inputs: X, Scale and B (optional), which broadcast to X. Outputs: Y, of X's shape; Mean and InvStdDev (optional), of
/// type `stash_type`, whose axes from `axis` on have extent 1. Everything is computed in double precision.
public struct LayerNormalization: OperatorDefinition {
  public static let name = "LayerNormalization"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let scale = OperatorInput(1, "Scale", .weight)
    public static let b = OperatorInput(2, "B", .weight, .optional)
  }

  public static let inputs = [Input.x, Input.scale, Input.b]
  public static let outputs = 1...3
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  /// Negative values count from the back.
  public var axis: Int
  public var epsilon: Float
  /// The type of Mean and InvStdDev.
  public var stashType: ElementType

  public init(axis: Int = -1, epsilon: Float = 1e-5, stashType: ElementType = .float32) {
    self.axis = axis
    self.epsilon = epsilon
    self.stashType = stashType
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axis = try attributes.int("axis", default: -1)
    epsilon = try attributes.float("epsilon", default: 1e-5)
    stashType = try attributes.stashType()
  }

  public var attributes: [Attribute] {
    [.int("axis", axis), .float("epsilon", epsilon)]
      + (stashType == .float32 ? [] : [.int("stash_type", stashType.onnxNumber)])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    _ = try inputs.required(Input.scale)
    try inputs.check(Input.x, is: ElementType.floats)
    try inputs.check(Input.scale, broadcastsTo: Input.x)
    try inputs.check(Input.b, broadcastsTo: Input.x)
    let statistics = Fact(stashType, try rows(x.shape))
    return [Fact(x.type, x.shape), statistics, statistics]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    let shape = try rows(x.shape)
    let rows = try x.standardized(rows: shape.count, epsilon: epsilon)
    return [
      try rows.values.affine(scale, inputs[Input.b], of: Self.name).converted(to: x.type),
      try rows.means.reshaped(shape).converted(to: stashType),
      try rows.factors.reshaped(shape).converted(to: stashType),
    ]
  }

  /// One element for each row that is normalised. Throws E206 for an axis that does not exist.
  private func rows(_ x: Shape) throws(GraphError) -> Shape {
    let axis = try x.axis(axis, of: Self.name)
    return Shape(x.extents[..<axis] + [Int](repeating: 1, count: x.rank - axis))
  }
}
