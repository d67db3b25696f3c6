/// The activation of a FusedConv: its attributes `activation` and `activation_params`.
public enum Activation: Sendable, Equatable {
  case none
  case relu
  case leakyRelu(alpha: Float)
  case clip(min: Float, max: Float)
  case sigmoid
  case hardSigmoid(alpha: Float, beta: Float)
  case hardSwish
  case swish(alpha: Float)
  case gelu
  /// Gelu, approximated by a hyperbolic tangent.
  case approximateGelu
  case mish
  case tanh

  /// From an operator's name and its parameters. nil for an unknown activation or a wrong number of parameters.
  public init?(_ name: String, _ parameters: [Float]) {
    switch (name, parameters.count) {
    case ("", 0): self = .none
    case ("Relu", 0): self = .relu
    case ("LeakyRelu", 1): self = .leakyRelu(alpha: parameters[0])
    case ("Clip", 2): self = .clip(min: parameters[0], max: parameters[1])
    case ("Sigmoid", 0): self = .sigmoid
    case ("HardSigmoid", 2): self = .hardSigmoid(alpha: parameters[0], beta: parameters[1])
    case ("HardSwish", 0): self = .hardSwish
    case ("Swish", 1): self = .swish(alpha: parameters[0])
    case ("Gelu", 0): self = .gelu
    case ("FastGelu", 0): self = .approximateGelu
    case ("Mish", 0): self = .mish
    case ("Tanh", 0): self = .tanh
    default: return nil
    }
  }

  /// What an operator applies to its only input; nil for one that is no activation. A Clip's bounds are inputs of its node.
  public init?(_ operation: Operator) {
    switch operation {
    case .relu: self = .relu
    case .leakyRelu(let leaky): self = .leakyRelu(alpha: leaky.alpha)
    case .sigmoid: self = .sigmoid
    case .hardSigmoid(let hard): self = .hardSigmoid(alpha: hard.alpha, beta: hard.beta)
    case .hardSwish: self = .hardSwish
    case .swish(let swish): self = .swish(alpha: swish.alpha)
    case .quickGelu(let gelu): self = .swish(alpha: gelu.alpha)
    case .gelu(let gelu): self = gelu.isApproximate ? .approximateGelu : .gelu
    case .microsoftGelu: self = .gelu
    case .mish: self = .mish
    case .tanh: self = .tanh
    default: return nil
    }
  }

  /// The operator's name, "" for none.
  public var name: String {
    switch self {
    case .none: ""
    case .relu: Relu.name
    case .leakyRelu: LeakyRelu.name
    case .clip: Clip.name
    case .sigmoid: Sigmoid.name
    case .hardSigmoid: HardSigmoid.name
    case .hardSwish: HardSwish.name
    case .swish: Swish.name
    case .gelu: Gelu.name
    case .approximateGelu: FastGelu.name
    case .mish: Mish.name
    case .tanh: Tanh.name
    }
  }

  public var parameters: [Float] {
    switch self {
    case .none, .relu, .sigmoid, .hardSwish, .gelu, .approximateGelu, .mish, .tanh: []
    case .leakyRelu(let alpha), .swish(let alpha): [alpha]
    case .clip(let min, let max): [min, max]
    case .hardSigmoid(let alpha, let beta): [alpha, beta]
    }
  }

  public func apply<Number: Real>(_ x: Number) -> Number {
    switch self {
    case .none: x
    case .relu: x.rectified
    case .leakyRelu(let alpha): x.leaky(Number(alpha))
    case .clip(let min, let max): x.clipped(Number(min), Number(max))
    case .sigmoid: x.sigmoid
    case .hardSigmoid(let alpha, let beta): x.hardSigmoid(Number(alpha), Number(beta))
    case .hardSwish: x.hardSwish
    case .swish(let alpha): Number(x.wide.swish(Double(alpha)))
    case .gelu: Number(x.wide.gelu)
    case .approximateGelu: Number(x.wide.approximateGelu)
    case .mish: Number(Mish().apply(x.wide))
    case .tanh: Number(Tanh().apply(x.wide))
    }
  }
}

// Activations. All of them return NaN for NaN.
extension Arithmetic {
  @inline(__always) var rectified: Self { self < 0 ? 0 : self }

  /// min(max(self, low), high); `high` if `low` is above `high`.
  @inline(__always) func clipped(_ low: Self, _ high: Self) -> Self {
    let raised = self < low ? low : self
    return raised > high ? high : raised
  }
}

extension Real {
  @inline(__always) func leaky(_ alpha: Self) -> Self { self < 0 ? alpha * self : self }
  @inline(__always) var sigmoid: Self { 1 / (1 + (-self).exponential) }
  @inline(__always) func hardSigmoid(_ alpha: Self, _ beta: Self) -> Self { (alpha * self + beta).clipped(0, 1) }
  @inline(__always) var hardSwish: Self { self * hardSigmoid(1 / 6, 1 / 2) }
}

/// An operator that applies one function to every float.
public protocol FloatFunction: FloatOperator {
  typealias Input = UnaryInput

  func apply<Number: Real>(_ x: Number) -> Number
}

extension FloatFunction {
  public static var inputs: [OperatorInput] { Input.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    try inputs.sameAsFirst(UnaryInput.x, ElementType.floats)
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    [try inputs.required(Input.x).mapped { (x: Number) in apply(x) }]
  }
}
