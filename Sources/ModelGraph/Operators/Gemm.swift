import Text

/// Gemm: Y = alpha · A′ · B′ + beta · C. https://onnx.ai/onnx/operators/onnx__Gemm.html, opsets 1, 6, 7, 9, 11 and 13.
///
/// Inputs: A `[M, K]` (`[K, M]` with transA), B `[K, N]` (`[N, K]` with transB), C that broadcasts to `[M, N]`
/// (optional; not read where beta is 0). Output: Y `[M, N]`.
public struct Gemm: FloatOperator {
  public static let name = "Gemm"

  public enum Input {
    public static let a = OperatorInput(0, "A", .activation)
    public static let b = OperatorInput(1, "B", .weight)
    public static let c = OperatorInput(2, "C", .weight, .optional)
  }

  public static let inputs = [Input.a, Input.b, Input.c]
  public static let multiplyAdds = MultiplyAdds.transposableProduct(a: Input.a)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var alpha: Float
  public var beta: Float
  public var transA: Bool
  public var transB: Bool

  public init(alpha: Float = 1, beta: Float = 1, transA: Bool = false, transB: Bool = false) {
    self.alpha = alpha
    self.beta = beta
    self.transA = transA
    self.transB = transB
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 1)
    beta = try attributes.float("beta", default: 1)
    transA = try attributes.flag("transA", default: false)
    transB = try attributes.flag("transB", default: false)
    // C was broadcast only if it said so; the last axes lay side by side, as they do today.
    if attributes.opset < 7 { _ = try attributes.flag("broadcast", default: false) }
  }

  public var attributes: [Attribute] {
    [.float("alpha", alpha), .float("beta", beta), .flag("transA", transA), .flag("transB", transB)]
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    try inputs.check(Input.a, is: ElementType.floats)
    try inputs.check(Input.b, matches: Input.a)
    guard a.shape.rank == 2 else { throw .wrongRank("Gemm: A", expected: 2, found: a.shape.rank) }
    guard b.shape.rank == 2 else { throw .wrongRank("Gemm: B", expected: 2, found: b.shape.rank) }
    let (m, k, n) = extents(a.shape, b.shape)
    let bDepth = b.shape[transB ? 1 : 0]
    guard bDepth == k else { throw .mismatch("Gemm: A\(transA ? "ᵀ" : "") has \(k) columns, B has \(bDepth) rows") }
    if let c = inputs[Input.c] {
      try inputs.check(Input.c, matches: Input.a)
      guard Shape.broadcast(c.shape, [m, n]) == [m, n] else {
        throw .mismatch("Gemm: C is \(c.shape), which does not broadcast to [\(m), \(n)]")
      }
    }
    return [Fact(a.type, [m, n])]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    let (m, k, n) = extents(a.shape, b.shape)
    var y = try Tensor(zeros: [m, n], type: Number.elementType)
    a.withElements(Number.self) { a in
      b.withElements(Number.self) { b in
        y.withMutableElements(Number.self) { y in
          guard let a = a.baseAddress, let b = b.baseAddress, let y = y.baseAddress else { return }
          addProduct(
            a, transA ? (1, m) : (k, 1), b, transB ? (1, k) : (n, 1), to: y, rows: m, depth: k, columns: n)
        }
      }
    }
    let (alpha, beta) = (Number(alpha), Number(beta))
    guard let c = inputs[Input.c], beta != 0 else {
      return alpha == 1 ? [y] : [try y.mapped { (y: Number) in alpha * y }]
    }
    return [try y.combined(with: c, of: Self.name) { (y: Number, c: Number) in alpha * y + beta * c }]
  }

  private func extents(_ a: Shape, _ b: Shape) -> (m: Int, k: Int, n: Int) {
    (transA ? a[1] : a[0], transA ? a[0] : a[1], transB ? b[0] : b[1])
  }
}
