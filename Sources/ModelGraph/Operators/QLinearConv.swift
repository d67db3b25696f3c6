/// QLinearConv: convolution of quantised data by quantised weights, the result quantised again.
/// https://onnx.ai/onnx/operators/onnx__QLinearConv.html, opset 10.
///
/// Inputs: x `[N, C, (H,) W]`, its scale and zero point; w `[M, C/group, (kH,) kW]`, its scale and zero point (one or M);
/// y's scale and zero point; B int32 `[M]` (optional, of scale x_scale · w_scale). Output: y `[N, M, (oH,) oW]`.
public struct QLinearConv: OperatorDefinition {
  public static let name = "QLinearConv"
  public static let inputs = 8...9

  public var window: Window
  public var group: Int

  public init(_ window: Window = Window(), group: Int = 1) {
    self.window = window
    self.group = group
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    window = try Window(attributes)
    group = try attributes.count("group", default: 1)
  }

  public var attributes: [Attribute] { window.attributes + (group == 1 ? [] : [.int("group", group)]) }

  public func geometry(x: Shape, w: Shape) throws(GraphError) -> ConvolutionGeometry {
    try ConvolutionGeometry(window, group: group, x: x, w: w, of: Self.name)
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, w, y) = (
      try inputs.required(0, "x"), try inputs.required(3, "w"), try inputs.required(7, "y_zero_point")
    )
    try x.mustBe(ElementType.bytes, "QLinearConv: x")
    try w.mustBe(ElementType.bytes, "QLinearConv: w")
    try y.mustBe(ElementType.bytes, "QLinearConv: y_zero_point")
    let geometry = try geometry(x: x.shape, w: w.shape)
    try inputs.checkQuantization(of: "x", x.type, scale: 1, zeroPoint: 2)
    try inputs.checkQuantization(of: "w", w.type, scale: 4, zeroPoint: 5, channels: geometry.filters)
    try inputs.checkQuantization(of: "y", y.type, scale: 6, zeroPoint: 7)
    if let bias = inputs[8] {
      try bias.mustBe([.int32], "QLinearConv: B")
      try geometry.check(bias: bias.shape, of: Self.name)
    }
    return [Fact(y.type, geometry.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, w, y) = (
      try inputs.required(0, "x"), try inputs.required(3, "w"), try inputs.required(7, "y_zero_point")
    )
    let geometry = try geometry(x: x.shape, w: w.shape)
    let sums = try geometry.convolve(
      try x.centered(inputs[2]), try w.centered(inputs[5], .along(0, of: w.shape)), bias: inputs[8], as: Int32.self)
    let factors = inputs.scales(4).map { inputs.scale(1) * $0 / inputs.scale(6) }
    let real = try sums.scaled(by: factors, .along(1, of: sums.shape))
    return [try real.quantized(y.type, zeroPoints: y.zeroPoints)]
  }
}
