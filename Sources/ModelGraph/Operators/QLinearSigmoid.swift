/// QLinearSigmoid of com.microsoft: 1 / (1 + e^-x) of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearSigmoid
///
/// Inputs: X, X_scale, X_zero_point (optional: 0), Y_scale, Y_zero_point (optional: 0). Y is of X's shape and 8-bit
/// type.
public struct QLinearSigmoid: OperatorDefinition {
  public static let name = "QLinearSigmoid"
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

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

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
    let quotients = try real.mapped { (x: Float) in Float(1 / (1 + (-Double(x)).exponential)) / scale }
    return [try quotients.quantized(x.type, zeroPoints: [inputs.zeroPoint(Input.yZeroPoint)])]
  }
}
