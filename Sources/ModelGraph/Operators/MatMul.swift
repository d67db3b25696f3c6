/// MatMul: the matrix product as `numpy.matmul` has it. https://onnx.ai/onnx/operators/onnx__MatMul.html, opsets 1, 9
/// and 13.
///
/// Inputs: A `[…, M, K]`, B `[…, K, N]`, whose leading axes broadcast. Output: Y `[…, M, N]`. A vector A is a row, a
/// vector B a column; the axis that this adds is left out of Y.
public struct MatMul: OperatorDefinition {
  public static let name = "MatMul"

  public enum Input {
    public static let a = OperatorInput(0, "A", .activationOrWeight)
    public static let b = OperatorInput(1, "B", .activationOrWeight)
  }

  public static let inputs = [Input.a, Input.b]
  public static let multiplyAdds = MultiplyAdds.matrixProduct(a: Input.a)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    try inputs.check(Input.a, is: ElementType.reducible)
    try inputs.check(Input.b, matches: Input.a)
    return [Fact(a.type, try MatrixProduct(a.shape, b.shape, of: Self.name).outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (a, b) = (try inputs.required(Input.a), try inputs.required(Input.b))
    let product = try MatrixProduct(a.shape, b.shape, of: Self.name)
    // The low bits of an integer product do not depend on the higher ones.
    let wide: ElementType = a.type.lane != .real ? .int64 : a.type == .float64 ? .float64 : .float32
    let (left, right) = (try a.converted(to: wide), try b.converted(to: wide))
    let y: Tensor
    switch wide {
    case .float32: y = try product.multiply(left, right, as: Float.self)
    case .float64: y = try product.multiply(left, right, as: Double.self)
    default: y = try product.multiply(left, right, as: Int64.self)
    }
    return [try y.converted(to: a.type)]
  }
}
