/// MatMulInteger: the product of two 8-bit matrices in int32.
/// https://onnx.ai/onnx/operators/onnx__MatMulInteger.html, opset 10.
///
/// Inputs: A `[…, M, K]`, B `[…, K, N]`, a_zero_point (one, M, or `[…, M, 1]`; optional: 0), b_zero_point (one, N, or
/// `[…, 1, N]`; optional: 0). Output: Y `[…, M, N]`; sums beyond 32 bits wrap around.
public struct MatMulInteger: OperatorDefinition {
  public static let name = "MatMulInteger"

  public enum Input {
    public static let a = OperatorInput(0, "A", .activation)
    public static let b = OperatorInput(1, "B", .weight)
    public static let aZeroPoint = OperatorInput(2, "a_zero_point", .setting, .optional)
    public static let bZeroPoint = OperatorInput(3, "b_zero_point", .setting, .optional)
  }

  public static let inputs = [Input.a, Input.b, Input.aZeroPoint, Input.bZeroPoint]
  public static let multiplyAdds = MultiplyAdds.matrixProduct(a: Input.a)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    try inputs.check(Input.a, is: ElementType.bytes)
    try inputs.check(Input.b, is: ElementType.bytes)
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    let (rows, columns) = (collapsed(a.shape, axis: 1), collapsed(b.shape, axis: 2))
    try inputs.checkZeroPoint(
      Input.aZeroPoint, a.type, channels: inputs[Input.aZeroPoint]?.shape == rows ? rows.count : product.rows)
    try inputs.checkZeroPoint(
      Input.bZeroPoint, b.type, channels: inputs[Input.bZeroPoint]?.shape == columns ? columns.count : product.columns)
    return [Fact(.int32, product.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    let rows: QuantizationGrain = .axis(extent: inputs[Input.aZeroPoint]?.count ?? 1, inner: product.depth)
    let columns: QuantizationGrain =
      inputs[Input.bZeroPoint]?.count == product.columns
      ? product.columnsOfB : .blocks(extent: product.depth, inner: product.columns, size: product.depth)
    return [
      try product.multiply(
        try a.centered(inputs[Input.aZeroPoint], rows), try b.centered(inputs[Input.bZeroPoint], columns),
        as: Int32.self)
    ]
  }

  /// `shape` with extent 1 at the last axis (1) or the one before it (2). A vector has one row and one column.
  private func collapsed(_ shape: Shape, axis fromEnd: Int) -> Shape {
    guard shape.rank >= 2 else { return [1] }
    var collapsed = shape
    collapsed[shape.rank - fromEnd] = 1
    return collapsed
  }
}
