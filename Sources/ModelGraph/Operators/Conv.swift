/// Conv: convolution over one to three spatial axes. https://onnx.ai/onnx/operators/onnx__Conv.html, opsets 1 and 11.
///
/// Inputs: X `[N, C, ((D,) H,) W]`, W `[M, C/group, ((kD,) kH,) kW]`, B `[M]` (optional). Output: Y `[N, M, ((oD,) oH,)
/// oW]`.
public struct Conv: FloatOperator {
  public static let name = "Conv"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let w = OperatorInput(1, "W", .weight)
    public static let b = OperatorInput(2, "B", .weight, .optional)
  }

  public static let inputs = [Input.x, Input.w, Input.b]
  public static let multiplyAdds = MultiplyAdds.convolution(weight: Input.w)
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

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
    try inputs.check(Input.x, is: ElementType.floats)
    try inputs.check(Input.w, matches: Input.x)
    let geometry = try geometry(x: x.shape, w: w.shape)
    if let b = inputs[Input.b] {
      try inputs.check(Input.b, matches: Input.x)
      try geometry.check(bias: b.shape, of: Self.name)
    }
    return [Fact(x.type, geometry.outputShape)]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    let (x, w) = (try inputs.required(Input.x), try inputs.required(Input.w))
    let geometry = try geometry(x: x.shape, w: w.shape)
    return [try geometry.convolve(x, w, bias: inputs[Input.b], as: Number.self)]
  }
}
