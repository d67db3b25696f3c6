/// BiasGelu of com.microsoft: x · Φ(x) of a sum, where Φ is the normal distribution's function.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BiasGelu
///
/// Inputs: A, B `[extent of the last axis]`, which is added first. Output: C, of A's shape.
public struct BiasGelu: OperatorDefinition {
  public static let name = "BiasGelu"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = OperatorInput(0, "A", .activation)
    public static let bias = OperatorInput(1, "B", .weight)
  }

  public static let inputs = [Input.x, Input.bias]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats)
    try inputs.check(Input.bias, matches: Input.x)
    if let bias = Optional(try inputs.required(Input.bias).shape) {
      guard bias.rank == 1, bias.extents.last == x.shape.extents.last else {
        throw .mismatch("BiasGelu: B is \(bias), must be a vector as long as the last axis of A \(x.shape)")
      }
    }
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let bias = try inputs.required(Input.bias)
    return [try x.combined(with: bias, of: Self.name, real: { ($0 + $1).gelu })]
  }
}
