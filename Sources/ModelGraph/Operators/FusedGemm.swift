import Text

/// FusedGemm of com.microsoft: Y = activation(alpha · A′ · B′ + beta · C).
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedGemm
///
/// Inputs: A `[M, K]` (`[K, M]` with transA), B `[K, N]` (`[N, K]` with transB), C that broadcasts to `[M, N]`
/// (optional). Output: Y `[M, N]`.
public struct FusedGemm: OperatorDefinition {
  public static let name = "FusedGemm"
  public static let domain = OperatorDomain.microsoft

  public typealias Input = Gemm.Input

  public static let inputs = [Input.a, Input.b, Input.c]
  public static let multiplyAdds = MultiplyAdds.transposableProduct(a: Input.a)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("it is made for running only")

  public var gemm: Gemm
  public var activation: Activation

  public init(_ gemm: Gemm = Gemm(), activation: Activation = .none) {
    self.gemm = gemm
    self.activation = activation
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    gemm = try Gemm(attributes)
    let name = try attributes.string("activation", default: "")
    let alpha = try attributes.optionalFloat("activation_alpha")
    let beta = try attributes.optionalFloat("activation_beta")
    _ = try attributes.optionalFloat("activation_gamma")
    // The parameters that a node leaves out are the defaults of the operator that does the same.
    let parameters: [Float] =
      switch name {
      case LeakyRelu.name: [alpha ?? 0.01]
      case HardSigmoid.name: [alpha ?? 0.2, beta ?? 0.5]
      default: []
      }
    guard let activation = Activation(name, parameters) else {
      throw attributes.bad("activation", "is '\(name)', which is not supported")
    }
    self.activation = activation
  }

  public var attributes: [Attribute] {
    var list = gemm.attributes
    if activation != .none { list.append(.string("activation", activation.name)) }
    for (name, value) in zip(["activation_alpha", "activation_beta"], activation.parameters) {
      list.append(.float(name, value))
    }
    return list
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.check(Input.a, is: ElementType.floats)
    return try gemm.infer(inputs)
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let y = try gemm.evaluate(inputs)[0]
    return activation == .none ? [y] : [try y.mapped(real: { activation.apply($0) })]
  }
}
