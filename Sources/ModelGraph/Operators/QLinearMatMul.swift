/// QLinearMatMul: the product of two quantised matrices, quantised again.
/// https://onnx.ai/onnx/operators/onnx__QLinearMatMul.html, opsets 10 and 21.
///
/// Inputs: a `[…, M, K]`, its scale and zero point (one, or M of each); b `[…, K, N]`, its scale and zero point (one,
/// or N of each); y's scale and zero point. Scales are float32 or, from opset 21 on, float16 or bfloat16. Output: y
/// `[…, M, N]`.
public struct QLinearMatMul: OperatorDefinition {
  public static let name = "QLinearMatMul"

  public enum Input {
    public static let a = OperatorInput(0, "a", .activation)
    public static let aScale = OperatorInput(1, "a_scale", .setting)
    public static let aZeroPoint = OperatorInput(2, "a_zero_point", .setting)
    public static let b = OperatorInput(3, "b", .weight)
    public static let bScale = OperatorInput(4, "b_scale", .setting)
    public static let bZeroPoint = OperatorInput(5, "b_zero_point", .setting)
    public static let yScale = OperatorInput(6, "y_scale", .setting)
    public static let yZeroPoint = OperatorInput(7, "y_zero_point", .setting)
  }

  public static let inputs = [
    Input.a, Input.aScale, Input.aZeroPoint, Input.b, Input.bScale, Input.bZeroPoint, Input.yScale, Input.yZeroPoint,
  ]
  public static let multiplyAdds = MultiplyAdds.matrixProduct(a: Input.a)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b, y) = (
      try inputs.required(Input.a), try inputs.required(Input.b), try inputs.required(Input.yZeroPoint)
    )
    try inputs.check(Input.a, is: ElementType.bytes)
    try inputs.check(Input.b, is: ElementType.bytes)
    try inputs.check(Input.yZeroPoint, is: ElementType.bytes)
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    try inputs.checkQuantization(
      Input.aScale, Input.aZeroPoint, a.type, channels: product.rows, scales: ElementType.scales)
    try inputs.checkQuantization(
      Input.bScale, Input.bZeroPoint, b.type, channels: product.columns, scales: ElementType.scales)
    try inputs.checkQuantization(Input.yScale, Input.yZeroPoint, y.type, scales: ElementType.scales)
    return [Fact(y.type, product.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b, y) = (
      try inputs.required(Input.a), try inputs.required(Input.b), try inputs.required(Input.yZeroPoint)
    )
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    let sums = try product.multiply(
      try a.centered(inputs[Input.aZeroPoint], product.rowsOfA),
      try b.centered(inputs[Input.bZeroPoint], product.columnsOfB), as: Int32.self)
    let (aScales, bScales, yScale) = (
      inputs.scales(Input.aScale), inputs.scales(Input.bScale), inputs.scale(Input.yScale)
    )
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
