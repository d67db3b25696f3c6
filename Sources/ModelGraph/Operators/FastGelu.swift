/// FastGelu of com.microsoft: x · Φ(x) of a sum, where Φ is computed by a hyperbolic tangent.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FastGelu
///
/// Inputs: X, bias `[extent of the last axis]` (optional), which is added first. Output: Y, of X's shape.
public struct FastGelu: OperatorDefinition {
  public static let name = "FastGelu"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let bias = OperatorInput(1, "bias", .weight, .optional)
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
    if let bias = inputs[Input.bias]?.shape {
      guard bias.rank == 1, bias.extents.last == x.shape.extents.last else {
        throw .mismatch("FastGelu: bias is \(bias), must be a vector as long as the last axis of X \(x.shape)")
      }
    }
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    guard let bias = inputs[Input.bias] else { return [try x.mapped(real: { $0.approximateGelu })] }
    return [try x.combined(with: bias, of: Self.name, real: { ($0 + $1).approximateGelu })]
  }
}
