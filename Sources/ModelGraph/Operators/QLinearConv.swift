/// QLinearConv: convolution of quantised data by quantised weights, the result quantised again.
/// https://onnx.ai/onnx/operators/onnx__QLinearConv.html, opset 10.
///
/// Inputs: x `[N, C, ((D,) H,) W]`, its scale and zero point; w `[M, C/group, ((kD,) kH,) kW]`, its scale and zero
/// point (one or M); y's scale and zero point; B int32 `[M]` (optional, of scale x_scale · w_scale). Output: y `[N, M,
/// ((oD,) oH,) oW]`.
public struct QLinearConv: OperatorDefinition {
  public static let name = "QLinearConv"

  public enum Input {
    public static let x = OperatorInput(0, "x", .activation)
    public static let xScale = OperatorInput(1, "x_scale", .setting)
    public static let xZeroPoint = OperatorInput(2, "x_zero_point", .setting)
    public static let w = OperatorInput(3, "w", .weight)
    public static let wScale = OperatorInput(4, "w_scale", .setting)
    public static let wZeroPoint = OperatorInput(5, "w_zero_point", .setting)
    public static let yScale = OperatorInput(6, "y_scale", .setting)
    public static let yZeroPoint = OperatorInput(7, "y_zero_point", .setting)
    public static let b = OperatorInput(8, "B", .weight, .optional)
  }

  public static let inputs = [
    Input.x, Input.xScale, Input.xZeroPoint, Input.w, Input.wScale, Input.wZeroPoint, Input.yScale, Input.yZeroPoint,
    Input.b,
  ]
  public static let multiplyAdds = MultiplyAdds.convolution(weight: Input.w)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

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
      try inputs.required(Input.x), try inputs.required(Input.w), try inputs.required(Input.yZeroPoint)
    )
    try inputs.check(Input.x, is: ElementType.bytes)
    try inputs.check(Input.w, is: ElementType.bytes)
    try inputs.check(Input.yZeroPoint, is: ElementType.bytes)
    let geometry = try geometry(x: x.shape, w: w.shape)
    try inputs.checkQuantization(Input.xScale, Input.xZeroPoint, x.type)
    try inputs.checkQuantization(Input.wScale, Input.wZeroPoint, w.type, channels: geometry.filters)
    try inputs.checkQuantization(Input.yScale, Input.yZeroPoint, y.type)
    if let bias = inputs[Input.b] {
      try inputs.check(Input.b, is: [.int32])
      try geometry.check(bias: bias.shape, of: Self.name)
    }
    return [Fact(y.type, geometry.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, w, y) = (
      try inputs.required(Input.x), try inputs.required(Input.w), try inputs.required(Input.yZeroPoint)
    )
    let geometry = try geometry(x: x.shape, w: w.shape)
    let sums = try geometry.convolve(
      try x.centered(inputs[Input.xZeroPoint]), try w.centered(inputs[Input.wZeroPoint], .along(0, of: w.shape)),
      bias: inputs[Input.b], as: Int32.self)
    let factors = inputs.scales(Input.wScale).map { inputs.scale(Input.xScale) * $0 / inputs.scale(Input.yScale) }
    let real = try sums.scaled(by: factors, .along(1, of: sums.shape))
    return [try real.quantized(y.type, zeroPoints: y.zeroPoints)]
  }
}
