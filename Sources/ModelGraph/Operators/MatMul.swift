/// MatMul: the matrix product as `numpy.matmul` has it. https://onnx.ai/onnx/operators/onnx__MatMul.html, opsets 1, 9 and
/// 13.
///
/// Inputs: A `[…, M, K]`, B `[…, K, N]`, whose leading axes broadcast. Output: Y `[…, M, N]`. A vector A is a row, a
/// vector B a column; the axis that this adds is left out of Y.
public struct MatMul: NumberOperator {
  public static let name = "MatMul"
  public static let inputs = 2...2

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(1, "B"))
    try a.mustBe([.float32, .float64, .int32, .int64], "MatMul: A")
    try b.mustMatch(a, "A", "MatMul: B")
    return [Fact(a.type, try MatrixProduct(a.shape, b.shape, of: Self.name).outputShape)]
  }

  public func evaluate<Number: Arithmetic>(
    _ inputs: Inputs<Tensor>, as _: Number.Type
  ) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(1, "B"))
    return [try MatrixProduct(a.shape, b.shape, of: Self.name).multiply(a, b, as: Number.self)]
  }
}
