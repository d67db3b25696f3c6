/// ConvInteger: convolution of 8-bit data by 8-bit weights into int32.
/// https://onnx.ai/onnx/operators/onnx__ConvInteger.html, opset 10.
///
/// Inputs: x `[N, C, ((D,) H,) W]`, w `[M, C/group, ((kD,) kH,) kW]`, x_zero_point (optional: 0), w_zero_point (one or
/// M, optional: 0). Output: y `[N, M, ((oD,) oH,) oW]`; sums beyond 32 bits wrap around.
public struct ConvInteger: OperatorDefinition {
  public static let name = "ConvInteger"

  public enum Input {
    public static let x = OperatorInput(0, "x", .activation)
    public static let w = OperatorInput(1, "w", .weight)
    public static let xZeroPoint = OperatorInput(2, "x_zero_point", .setting, .optional)
    public static let wZeroPoint = OperatorInput(3, "w_zero_point", .setting, .optional)
  }

  public static let inputs = [Input.x, Input.w, Input.xZeroPoint, Input.wZeroPoint]
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
    let (x, w) = (try inputs.required(Input.x), try inputs.required(Input.w))
    try inputs.check(Input.x, is: ElementType.bytes)
    try inputs.check(Input.w, is: ElementType.bytes)
    let geometry = try geometry(x: x.shape, w: w.shape)
    try inputs.checkZeroPoint(Input.xZeroPoint, x.type)
    try inputs.checkZeroPoint(Input.wZeroPoint, w.type, channels: geometry.filters)
    return [Fact(.int32, geometry.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, w) = (try inputs.required(Input.x), try inputs.required(Input.w))
    let geometry = try geometry(x: x.shape, w: w.shape)
    let weights = try w.centered(inputs[Input.wZeroPoint], .along(0, of: w.shape))
    return [try geometry.convolve(try x.centered(inputs[Input.xZeroPoint]), weights, bias: nil, as: Int32.self)]
  }
}
