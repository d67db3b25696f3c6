/// DynamicQuantizeMatMul of com.microsoft: A, quantised by its own range as DynamicQuantizeLinear does it, times a
/// quantised B, in real numbers.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.DynamicQuantizeMatMul
///
/// Inputs: A float32 `[…, M, K]`, B int8 or uint8 `[…, K, N]`, b_scale and b_zero_point (optional: 0), one number or N,
/// bias `[N]` (optional). Output: Y float32 `[…, M, N]`.
public struct DynamicQuantizeMatMul: OperatorDefinition {
  public static let name = "DynamicQuantizeMatMul"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let a = OperatorInput(0, "A", .activation)
    public static let b = OperatorInput(1, "B", .weight)
    public static let bScale = OperatorInput(2, "b_scale", .setting)
    public static let bZeroPoint = OperatorInput(3, "b_zero_point", .setting, .optional)
    public static let bias = OperatorInput(4, "bias", .weight, .optional)
  }

  public static let inputs = [Input.a, Input.b, Input.bScale, Input.bZeroPoint, Input.bias]
  public static let multiplyAdds = MultiplyAdds.matrixProduct(a: Input.a)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its weights are integers")

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    try inputs.check(Input.a, is: [.float32])
    try inputs.check(Input.b, is: ElementType.bytes)
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    try inputs.checkQuantization(Input.bScale, Input.bZeroPoint, b.type, channels: product.columns)
    try inputs.check(Input.bias, is: [.float32])
    try inputs.check(Input.bias, isShaped: [product.columns])
    return [Fact(.float32, product.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    let quantized = try DynamicQuantizeLinear().evaluate(Inputs(Self.name, [a]))
    let sums = try product.multiply(
      try quantized[0].centered(quantized[2]), try b.centered(inputs[Input.bZeroPoint], product.columnsOfB),
      as: Int32.self)
    let scale = quantized[1].array(of: Float.self)[0]
    let factors = inputs.scales(Input.bScale).map { scale * $0 }
    let y = try sums.scaled(by: factors, .axis(extent: factors.count, inner: 1))
    guard let bias = inputs[Input.bias] else { return [y] }
    return [try y.combined(with: bias, of: Self.name) { $0 + $1 }]
  }
}
