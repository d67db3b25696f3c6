/// MatMulInteger: the product of two 8-bit matrices in int32.
/// https://onnx.ai/onnx/operators/onnx__MatMulInteger.html, opset 10.
///
/// Inputs: A `[…, M, K]`, B `[…, K, N]`, a_zero_point (one, M, or `[…, M, 1]`; optional: 0), b_zero_point (one, N, or
/// `[…, 1, N]`; optional: 0). Output: Y `[…, M, N]`; sums beyond 32 bits wrap around.
public struct MatMulInteger: OperatorDefinition {
  public static let name = "MatMulInteger"
  public static let inputs = 2...4

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(1, "B"))
    try a.mustBe(ElementType.bytes, "MatMulInteger: A")
    try b.mustBe(ElementType.bytes, "MatMulInteger: B")
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    let (rows, columns) = (collapsed(a.shape, axis: 1), collapsed(b.shape, axis: 2))
    try inputs.checkZeroPoint(of: "a", a.type, 2, channels: inputs[2]?.shape == rows ? rows.count : product.rows)
    try inputs.checkZeroPoint(
      of: "b", b.type, 3, channels: inputs[3]?.shape == columns ? columns.count : product.columns)
    return [Fact(.int32, product.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(1, "B"))
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    let rows: QuantizationGrain = .axis(extent: inputs[2]?.count ?? 1, inner: product.depth)
    let columns: QuantizationGrain =
      inputs[3]?.count == product.columns
      ? product.columnsOfB : .blocks(extent: product.depth, inner: product.columns, size: product.depth)
    return [try product.multiply(try a.centered(inputs[2], rows), try b.centered(inputs[3], columns), as: Int32.self)]
  }

  /// `shape` with extent 1 at the axis that is last (1) or last but one (2); a vector has one row and one column.
  private func collapsed(_ shape: Shape, axis fromEnd: Int) -> Shape {
    guard shape.rank >= 2 else { return [1] }
    var collapsed = shape
    collapsed[shape.rank - fromEnd] = 1
    return collapsed
  }
}
