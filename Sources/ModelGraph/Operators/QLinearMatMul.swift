/// QLinearMatMul: the product of two quantised matrices, quantised again.
/// https://onnx.ai/onnx/operators/onnx__QLinearMatMul.html, opsets 10 and 21.
///
/// Inputs: a `[…, M, K]`, its scale and zero point (one, or M of each); b `[…, K, N]`, its scale and zero point (one, or N of
/// each); y's scale and zero point. Output: y `[…, M, N]`.
public struct QLinearMatMul: OperatorDefinition {
  public static let name = "QLinearMatMul"
  public static let inputs = 8...8

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b, y) = (
      try inputs.required(0, "a"), try inputs.required(3, "b"), try inputs.required(7, "y_zero_point")
    )
    try a.mustBe(ElementType.bytes, "QLinearMatMul: a")
    try b.mustBe(ElementType.bytes, "QLinearMatMul: b")
    try y.mustBe(ElementType.bytes, "QLinearMatMul: y_zero_point")
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    try inputs.checkQuantization(of: "a", a.type, scale: 1, zeroPoint: 2, channels: product.rows)
    try inputs.checkQuantization(of: "b", b.type, scale: 4, zeroPoint: 5, channels: product.columns)
    try inputs.checkQuantization(of: "y", y.type, scale: 6, zeroPoint: 7)
    return [Fact(y.type, product.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b, y) = (
      try inputs.required(0, "a"), try inputs.required(3, "b"), try inputs.required(7, "y_zero_point")
    )
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    let sums = try product.multiply(
      try a.centered(inputs[2], product.rowsOfA), try b.centered(inputs[5], product.columnsOfB), as: Int32.self)
    let (aScales, bScales, yScale) = (inputs.scales(1), inputs.scales(4), inputs.scale(6))
    let factors = aScales.flatMap { a in bScales.map { b in a * b / yScale } }
    let grain = QuantizationGrain.axis(extent: factors.count, inner: bScales.count == 1 ? product.columns : 1)
    return [try sums.scaled(by: factors, grain).quantized(y.type, zeroPoints: y.zeroPoints)]
  }
}

extension MatrixProduct {
  /// A zero point for each row of a stack's matrices.
  var rowsOfA: QuantizationGrain { .axis(extent: rows, inner: depth) }
  /// A zero point for each column.
  var columnsOfB: QuantizationGrain { .axis(extent: columns, inner: 1) }
}
