import Text

/// RMSNormalization: X / √(mean of X² + epsilon) · scale over all axes from `axis` on.
/// https://onnx.ai/onnx/operators/onnx__RMSNormalization.html, opset 23.
///
/// Inputs: X, scale, which broadcasts to X and may be of another float type. Output: Y, of X's shape and scale's type.
/// Everything is computed in double precision, whatever `stash_type` says.
public struct RMSNormalization: OperatorDefinition {
  public static let name = "RMSNormalization"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let scale = OperatorInput(1, "scale", .weight)
  }

  public static let inputs = [Input.x, Input.scale]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  /// Negative values count from the back.
  public var axis: Int
  public var epsilon: Float

  public init(axis: Int = -1, epsilon: Float = 1e-5) {
    self.axis = axis
    self.epsilon = epsilon
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axis = try attributes.int("axis", default: -1)
    epsilon = try attributes.float("epsilon", default: 1e-5)
    _ = try attributes.stashType()
  }

  public var attributes: [Attribute] { [.int("axis", axis), .float("epsilon", epsilon)] }
  public var firstOpset: Int { 23 }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    try inputs.check(Input.x, is: ElementType.floats)
    try inputs.check(Input.scale, is: ElementType.floats)
    _ = try x.shape.axis(axis, of: Self.name)
    guard Shape.broadcast(scale.shape, x.shape) == x.shape else {
      throw .mismatch("RMSNormalization: scale is \(scale.shape), which does not broadcast to \(x.shape)")
    }
    return [Fact(scale.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    let rows = x.shape.extents[..<(try x.shape.axis(axis, of: Self.name))].reduce(1, *)
    let normal = try x.standardized(rows: rows, epsilon: epsilon, keepsMean: true)
    return [try normal.values.affine(scale, nil, of: Self.name).converted(to: scale.type)]
  }
}
