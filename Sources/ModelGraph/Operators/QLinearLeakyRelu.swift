/// QLinearLeakyRelu of com.microsoft: x, or alpha · x below zero, of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearLeakyRelu
///
/// Inputs: X, X_scale, X_zero_point (optional: 0), Y_scale, Y_zero_point (optional: 0). Y is of X's shape and 8-bit
/// type.
public struct QLinearLeakyRelu: OperatorDefinition {
  public static let name = "QLinearLeakyRelu"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let xScale = OperatorInput(1, "X_scale", .setting)
    public static let xZeroPoint = OperatorInput(2, "X_zero_point", .setting)
    public static let yScale = OperatorInput(3, "Y_scale", .setting)
    public static let yZeroPoint = OperatorInput(4, "Y_zero_point", .setting, .optional)
  }

  public static let inputs = [Input.x, Input.xScale, Input.xZeroPoint, Input.yScale, Input.yZeroPoint]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public var alpha: Float

  public init(alpha: Float = 0.01) { self.alpha = alpha }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    alpha = try attributes.float("alpha", default: 0.01)
  }

  public var attributes: [Attribute] { [.float("alpha", alpha)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.bytes)
    try inputs.checkQuantization(Input.xScale, Input.xZeroPoint, x.type)
    try inputs.checkQuantization(Input.yScale, Input.yZeroPoint, x.type)
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let scale = inputs.scale(Input.yScale)
    let real = try x.centered(inputs[Input.xZeroPoint]).scaled(by: inputs.scales(Input.xScale))
    let quotients = try real.mapped { (x: Float) in x.leaky(alpha) / scale }
    return [try quotients.quantized(x.type, zeroPoints: [inputs.zeroPoint(Input.yZeroPoint)])]
  }
}
