import Text

/// QGemm of com.microsoft: Y = alpha · A′ · B′ + C of quantised matrices.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QGemm
///
/// Inputs: A `[M, K]` (`[K, M]` with transA), a_scale, a_zero_point; B `[K, N]` (`[N, K]` with transB), b_scale,
/// b_zero_point (one, or N of each); C int32 that broadcasts to `[M, N]` (optional, of scale alpha · a_scale ·
/// b_scale); y_scale and y_zero_point (optional). Output: Y `[M, N]`, of y_zero_point's type, or float32 where y_scale
/// is left out.
public struct QGemm: OperatorDefinition {
  public static let name = "QGemm"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let a = OperatorInput(0, "A", .activation)
    public static let aScale = OperatorInput(1, "a_scale", .setting)
    public static let aZeroPoint = OperatorInput(2, "a_zero_point", .setting)
    public static let b = OperatorInput(3, "B", .weight)
    public static let bScale = OperatorInput(4, "b_scale", .setting)
    public static let bZeroPoint = OperatorInput(5, "b_zero_point", .setting)
    public static let c = OperatorInput(6, "C", .weight, .optional)
    public static let yScale = OperatorInput(7, "y_scale", .setting, .optional)
    public static let yZeroPoint = OperatorInput(8, "y_zero_point", .setting, .optional)
  }

  public static let inputs = [
    Input.a, Input.aScale, Input.aZeroPoint, Input.b, Input.bScale, Input.bZeroPoint, Input.c, Input.yScale,
    Input.yZeroPoint,
  ]
  public static let multiplyAdds = MultiplyAdds.transposableProduct(a: Input.a)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public var alpha: Float
  public var transA: Bool
  public var transB: Bool

  public init(alpha: Float = 1, transA: Bool = false, transB: Bool = false) {
    self.alpha = alpha
    self.transA = transA
    self.transB = transB
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 1)
    transA = try attributes.flag("transA", default: false)
    transB = try attributes.flag("transB", default: false)
  }

  public var attributes: [Attribute] {
    [.float("alpha", alpha), .flag("transA", transA), .flag("transB", transB)]
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    try inputs.check(Input.a, is: ElementType.bytes)
    try inputs.check(Input.b, is: ElementType.bytes)
    let product = try product(a.shape, b.shape)
    try inputs.checkQuantization(Input.aScale, Input.aZeroPoint, a.type)
    try inputs.checkQuantization(Input.bScale, Input.bZeroPoint, b.type, channels: product.columns)
    if let c = inputs[Input.c] {
      try inputs.check(Input.c, is: [.int32])
      guard Shape.broadcast(c.shape, product.outputShape) == product.outputShape else {
        throw .mismatch("QGemm: C is \(c.shape), which does not broadcast to \(product.outputShape)")
      }
    }
    guard inputs[Input.yScale] != nil else { return [Fact(.float32, product.outputShape)] }
    let type = inputs[Input.yZeroPoint]?.type ?? a.type
    try inputs.check(Input.yZeroPoint, is: ElementType.bytes)
    try inputs.checkQuantization(Input.yScale, Input.yZeroPoint, type)
    return [Fact(type, product.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    let product = try product(a.shape, b.shape)
    // B's columns, before any transposition.
    let columns: QuantizationGrain = .along(transB ? 0 : 1, of: b.shape)
    var sums = try product.multiply(
      try upright(try a.centered(inputs[Input.aZeroPoint]), transA),
      try upright(try b.centered(inputs[Input.bZeroPoint], columns), transB),
      as: Int32.self)
    if let c = inputs[Input.c] {
      sums = try sums.combined(with: c, of: Self.name) { (sum: Int32, c: Int32) in sum &+ c }
    }
    let factors = inputs.scales(Input.bScale).map { alpha * inputs.scale(Input.aScale) * $0 }
    let perColumn: QuantizationGrain = .along(1, of: sums.shape)
    guard inputs[Input.yScale] != nil else { return [try sums.scaled(by: factors, perColumn)] }
    let quotients = try sums.scaled(by: factors.map { $0 / inputs.scale(Input.yScale) }, perColumn)
    return [
      try quotients.quantized(
        inputs[Input.yZeroPoint]?.type ?? a.type, zeroPoints: [inputs.zeroPoint(Input.yZeroPoint)])
    ]
  }

  private func product(_ a: Shape, _ b: Shape) throws(GraphError) -> MatrixProduct {
    guard a.rank == 2 else { throw .wrongRank("QGemm: A", expected: 2, found: a.rank) }
    guard b.rank == 2 else { throw .wrongRank("QGemm: B", expected: 2, found: b.rank) }
    return try MatrixProduct(transA ? [a[1], a[0]] : a, transB ? [b[1], b[0]] : b, of: Self.name)
  }

  private func upright(_ matrix: Tensor, _ transposed: Bool) throws(GraphError) -> Tensor {
    transposed ? try Transpose(perm: [1, 0]).evaluate(Inputs("Transpose", [matrix]))[0] : matrix
  }
}
