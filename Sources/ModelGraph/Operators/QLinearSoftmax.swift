/// QLinearSoftmax of com.microsoft: e^x, divided by its sum over an axis, of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearSoftmax
///
/// Inputs: X, X_scale, x_zero_point (optional: 0), y_scale, y_zero_point. Y is of X's shape and 8-bit type. Below 13, the
/// attribute `opset` means all axes from `axis` on.
public struct QLinearSoftmax: OperatorDefinition {
  public static let name = "QLinearSoftmax"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let xScale = OperatorInput(1, "X_scale", .setting)
    public static let xZeroPoint = OperatorInput(2, "x_zero_point", .setting)
    public static let yScale = OperatorInput(3, "y_scale", .setting)
    public static let yZeroPoint = OperatorInput(4, "y_zero_point", .setting)
  }

  public static let inputs = [Input.x, Input.xScale, Input.xZeroPoint, Input.yScale, Input.yZeroPoint]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public var axis: SoftmaxAxis

  public init(_ axis: SoftmaxAxis = SoftmaxAxis()) { self.axis = axis }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    axis = SoftmaxAxis(
      try attributes.int("axis", default: -1), includesLaterAxes: try attributes.int("opset") < 13)
  }

  public var attributes: [Attribute] { axis.attributes + [.int("opset", axis.includesLaterAxes ? 12 : 13)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.bytes)
    try inputs.checkQuantization(Input.xScale, Input.xZeroPoint, x.type)
    try inputs.checkQuantization(Input.yScale, Input.yZeroPoint, x.type)
    _ = try axis.split(x.shape, of: Self.name)
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let scale = inputs.scale(Input.yScale)
    let real = try x.centered(inputs[Input.xZeroPoint]).scaled(by: inputs.scales(Input.xScale))
    let shares = try Softmax(axis).evaluate(Inputs(Self.name, [real]), as: Float.self)[0]
    let quotients = try shares.mapped { (share: Float) in share / scale }
    return [try quotients.quantized(x.type, zeroPoints: [inputs.zeroPoint(Input.yZeroPoint)])]
  }
}
