/// ConvInteger: convolution of 8-bit data by 8-bit weights into int32.
/// https://onnx.ai/onnx/operators/onnx__ConvInteger.html, opset 10.
///
/// Inputs: x `[N, C, (H,) W]`, w `[M, C/group, (kH,) kW]`, x_zero_point (optional: 0), w_zero_point (one or M, optional: 0).
/// Output: y `[N, M, (oH,) oW]`; sums beyond 32 bits wrap around.
public struct ConvInteger: OperatorDefinition {
  public static let name = "ConvInteger"
  public static let inputs = 2...4

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
    let (x, w) = (try inputs.required(0, "x"), try inputs.required(1, "w"))
    try x.mustBe(ElementType.bytes, "ConvInteger: x")
    try w.mustBe(ElementType.bytes, "ConvInteger: w")
    let geometry = try geometry(x: x.shape, w: w.shape)
    try inputs.checkZeroPoint(of: "x", x.type, 2)
    try inputs.checkZeroPoint(of: "w", w.type, 3, channels: geometry.filters)
    return [Fact(.int32, geometry.outputShape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, w) = (try inputs.required(0, "x"), try inputs.required(1, "w"))
    let geometry = try geometry(x: x.shape, w: w.shape)
    let weights = try w.centered(inputs[3], .along(0, of: w.shape))
    return [try geometry.convolve(try x.centered(inputs[2]), weights, bias: nil, as: Int32.self)]
  }
}
