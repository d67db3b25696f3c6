/// QGemm of com.microsoft: Y = alpha · A′ · B′ + C of quantised matrices.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QGemm
///
/// Inputs: A `[M, K]` (`[K, M]` with transA), a_scale, a_zero_point; B `[K, N]` (`[N, K]` with transB), b_scale, b_zero_point
/// (one, or N of each); C int32 that broadcasts to `[M, N]` (optional, of scale alpha · a_scale · b_scale); y_scale and
/// y_zero_point (optional). Output: Y `[M, N]`, of y_zero_point's type, or float32 where y_scale is left out.
public struct QGemm: OperatorDefinition {
  public static let name = "QGemm"
  public static let domain = OperatorDomain.microsoft
  public static let inputs = 6...9

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
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(3, "B"))
    try a.mustBe(ElementType.bytes, "QGemm: A")
    try b.mustBe(ElementType.bytes, "QGemm: B")
    let product = try product(a.shape, b.shape)
    try inputs.checkQuantization(of: "a", a.type, scale: 1, zeroPoint: 2)
    try inputs.checkQuantization(of: "b", b.type, scale: 4, zeroPoint: 5, channels: product.columns)
    if let c = inputs[6] {
      try c.mustBe([.int32], "QGemm: C")
      guard Shape.broadcast(c.shape, product.outputShape) == product.outputShape else {
        throw .mismatch("QGemm: C is \(c.shape), which does not broadcast to \(product.outputShape)")
      }
    }
    guard inputs[7] != nil else { return [Fact(.float32, product.outputShape)] }
    let type = inputs[8]?.type ?? a.type
    try inputs[8]?.mustBe(ElementType.bytes, "QGemm: y_zero_point")
    try inputs.checkQuantization(of: "y", type, scale: 7, zeroPoint: 8)
    return [Fact(type, product.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(3, "B"))
    let product = try product(a.shape, b.shape)
    // B's columns, before any transposition.
    let columns: QuantizationGrain = .along(transB ? 0 : 1, of: b.shape)
    var sums = try product.multiply(
      try upright(try a.centered(inputs[2]), transA), try upright(try b.centered(inputs[5], columns), transB),
      as: Int32.self)
    if let c = inputs[6] {
      sums = try sums.combined(with: c, of: Self.name) { (sum: Int32, c: Int32) in sum &+ c }
    }
    let factors = inputs.scales(4).map { alpha * inputs.scale(1) * $0 }
    let perColumn: QuantizationGrain = .along(1, of: sums.shape)
    guard inputs[7] != nil else { return [try sums.scaled(by: factors, perColumn)] }
    let quotients = try sums.scaled(by: factors.map { $0 / inputs.scale(7) }, perColumn)
    return [try quotients.quantized(inputs[8]?.type ?? a.type, zeroPoints: [inputs.zeroPoint(8)])]
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
