/// FusedConv of com.microsoft: Y = activation(Conv(X, W) + B + Z).
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedConv
///
/// Inputs: X `[N, C, (H,) W]`, W `[M, C/group, (kH,) kW]`, B `[M]` (optional), Z of Y's shape (optional).
/// Output: Y `[N, M, (oH,) oW]`.
public struct FusedConv: FloatOperator {
  public static let name = "FusedConv"
  public static let domain = OperatorDomain.microsoft
  public static let inputs = 2...4

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
    let (x, w) = (try inputs.required(0, "X"), try inputs.required(1, "W"))
    try x.mustBe(ElementType.floats, "FusedConv: X")
    try w.mustMatch(x, "X", "FusedConv: W")
    let geometry = try geometry(x: x.shape, w: w.shape)
    if let b = inputs[2] {
      try b.mustMatch(x, "X", "FusedConv: B")
      try geometry.check(bias: b.shape, of: Self.name)
    }
    if let z = inputs[3] {
      try z.mustMatch(x, "X", "FusedConv: Z")
      guard z.shape == geometry.outputShape else {
        throw .mismatch("FusedConv: Z is \(z.shape), Y is \(geometry.outputShape)")
      }
    }
    return [Fact(x.type, geometry.outputShape)]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    let (x, w) = (try inputs.required(0, "X"), try inputs.required(1, "W"))
    var y = try geometry(x: x.shape, w: w.shape).convolve(x, w, bias: inputs[2], as: Number.self)
    if let z = inputs[3] { y = try y.combined(with: z, of: Self.name) { (y: Number, z: Number) in y + z } }
    return activation == .none ? [y] : [try y.mapped { (y: Number) in activation.apply(y) }]
  }
}
