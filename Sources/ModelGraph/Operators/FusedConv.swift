import Text

/// FusedConv of com.microsoft: Y = activation(Conv(X, W) + B + Z).
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedConv
///
/// Inputs: X `[N, C, ((D,) H,) W]`, W `[M, C/group, ((kD,) kH,) kW]`, B `[M]` (optional), Z of Y's shape (optional).
/// Output: Y `[N, M, ((oD,) oH,) oW]`.
public struct FusedConv: FloatOperator {
  public static let name = "FusedConv"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = Conv.Input.x
    public static let w = Conv.Input.w
    public static let b = Conv.Input.b
    public static let z = OperatorInput(3, "Z", .activation, .optional)
  }

  public static let inputs = [Input.x, Input.w, Input.b, Input.z]
  public static let multiplyAdds = MultiplyAdds.convolution(weight: Input.w)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("it is made for running only")

  public var window: Window
  public var group: Int
  public var activation: Activation

  public init(_ window: Window = Window(), group: Int = 1, activation: Activation = .none) {
    self.window = window
    self.group = group
    self.activation = activation
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    window = try Window(attributes)
    group = try attributes.count("group", default: 1)
    let name = try attributes.string("activation", default: "")
    let parameters = try attributes.floats("activation_params", default: [])
    guard let activation = Activation(name, parameters) else {
      throw attributes.bad("activation", "is '\(name)' with \(parameters.count) parameters, which is not supported")
    }
    self.activation = activation
  }

  public var attributes: [Attribute] {
    var list = Conv(window, group: group).attributes
    if activation != .none { list.append(.string("activation", activation.name)) }
    if !activation.parameters.isEmpty {
      list.append(Attribute("activation_params", .floats(activation.parameters)))
    }
    return list
  }

  public func geometry(x: Shape, w: Shape) throws(GraphError) -> ConvolutionGeometry {
    try ConvolutionGeometry(window, group: group, x: x, w: w, of: Self.name)
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, w) = (try inputs.required(Input.x), try inputs.required(Input.w))
    try inputs.check(Input.x, is: ElementType.floats)
    try inputs.check(Input.w, matches: Input.x)
    let geometry = try geometry(x: x.shape, w: w.shape)
    if let b = inputs[Input.b] {
      try inputs.check(Input.b, matches: Input.x)
      try geometry.check(bias: b.shape, of: Self.name)
    }
    if let z = inputs[Input.z] {
      try inputs.check(Input.z, matches: Input.x)
      guard z.shape == geometry.outputShape else {
        throw .mismatch("FusedConv: Z is \(z.shape), Y is \(geometry.outputShape)")
      }
    }
    return [Fact(x.type, geometry.outputShape)]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    let (x, w) = (try inputs.required(Input.x), try inputs.required(Input.w))
    var y = try geometry(x: x.shape, w: w.shape).convolve(x, w, bias: inputs[Input.b], as: Number.self)
    if let z = inputs[Input.z] { y = try y.combined(with: z, of: Self.name) { (y: Number, z: Number) in y + z } }
    return activation == .none ? [y] : [try y.mapped { (y: Number) in activation.apply(y) }]
  }
}
