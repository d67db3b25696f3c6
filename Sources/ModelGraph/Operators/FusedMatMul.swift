/// FusedMatMul of com.microsoft: alpha · A′ · B′, as `numpy.matmul` has the product.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedMatMul
///
/// Inputs: A `[…, M, K]`, B `[…, K, N]`, whose leading axes broadcast. Output: Y `[…, M, N]`. transA and transB
/// exchange the last two axes; transBatchA and transBatchB say that the first axis stands behind the other leading
/// ones. Vectors are never transposed. Products are summed in double precision.
public struct FusedMatMul: OperatorDefinition {
  public static let name = "FusedMatMul"
  public static let domain = OperatorDomain.microsoft

  public typealias Input = MatMul.Input

  public static let inputs = [Input.a, Input.b]
  public static let multiplyAdds = MultiplyAdds.matrixProduct(a: Input.a)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("it is made for running only")

  public var alpha: Float
  public var transA: Bool
  public var transB: Bool
  public var transBatchA: Bool
  public var transBatchB: Bool

  public init(alpha: Float = 1, transA: Bool = false, transB: Bool = false) {
    (self.alpha, self.transA, self.transB) = (alpha, transA, transB)
    (transBatchA, transBatchB) = (false, false)
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 1)
    transA = try attributes.flag("transA", default: false)
    transB = try attributes.flag("transB", default: false)
    transBatchA = try attributes.flag("transBatchA", default: false)
    transBatchB = try attributes.flag("transBatchB", default: false)
  }

  public var attributes: [Attribute] {
    [
      .float("alpha", alpha), .flag("transA", transA), .flag("transB", transB), .flag("transBatchA", transBatchA),
      .flag("transBatchB", transBatchB),
    ]
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    try inputs.check(Input.a, is: ElementType.floats)
    try inputs.check(Input.b, matches: Input.a)
    let left = Shape(order(a.shape, transA, transBatchA).map { a.shape[$0] })
    let right = Shape(order(b.shape, transB, transBatchB).map { b.shape[$0] })
    return [Fact(a.type, try MatrixProduct(left, right, of: Self.name).outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    let left = try ordered(a, transA, transBatchA)
    let right = try ordered(b, transB, transBatchB)
    let y = try MatrixProduct(left.shape, right.shape, of: Self.name).multiply(left, right, as: Double.self)
    let factor = Double(alpha)
    return [try y.mapped(to: a.type, real: { factor * $0 })]
  }

  private func ordered(_ x: Tensor, _ transposes: Bool, _ movesFirst: Bool) throws(GraphError) -> Tensor {
    let moved = try Transpose(perm: order(x.shape, transposes, movesFirst)).evaluate(Inputs(Self.name, [x]))[0]
    return try moved.converted(to: .float64)
  }

  /// The order of an operand's axes that makes it `[…, rows, columns]`.
  private func order(_ shape: Shape, _ transposes: Bool, _ movesFirst: Bool) -> [Int] {
    var order = Array(0..<shape.rank)
    if movesFirst, shape.rank > 2 { order.insert(order.removeFirst(), at: shape.rank - 2) }
    if transposes, shape.rank > 1 { order.swapAt(shape.rank - 2, shape.rank - 1) }
    return order
  }
}
