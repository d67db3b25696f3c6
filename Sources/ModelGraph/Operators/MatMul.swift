/// MatMul: the matrix product as `numpy.matmul` has it. https://onnx.ai/onnx/operators/onnx__MatMul.html, opsets 1, 9
/// and 13.
///
/// Inputs: A `[…, M, K]`, B `[…, K, N]`, whose leading axes broadcast. Output: Y `[…, M, N]`. A vector A is a row, a
/// vector B a column; the axis that this adds is left out of Y.
public struct MatMul: NumberOperator {
  public static let name = "MatMul"

  public enum Input {
    public static let a = OperatorInput(0, "A", .activationOrWeight)
    public static let b = OperatorInput(1, "B", .activationOrWeight)
  }

  public static let inputs = [Input.a, Input.b]
  public static let multiplyAdds = MultiplyAdds.matrixProduct(a: Input.a)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    try inputs.check(Input.a, is: [.float32, .float64, .int32, .int64])
    try inputs.check(Input.b, matches: Input.a)
    return [Fact(a.type, try MatrixProduct(a.shape, b.shape, of: Self.name).outputShape)]
  }

  public func evaluate<Number: Arithmetic>(
    _ inputs: Inputs<Tensor>, as _: Number.Type
  ) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    return [try MatrixProduct(a.shape, b.shape, of: Self.name).multiply(a, b, as: Number.self)]
  }
}
