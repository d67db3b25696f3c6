/// QLinearSigmoid of com.microsoft: 1 / (1 + e^-x) of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearSigmoid
///
/// Inputs: X, X_scale, X_zero_point (optional: 0), Y_scale, Y_zero_point (optional: 0). Y is of X's shape and 8-bit type.
public struct QLinearSigmoid: OperatorDefinition {
  public static let name = "QLinearSigmoid"
  public static let domain = OperatorDomain.microsoft
  public static let inputs = 4...5

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(0, "X")
    try x.mustBe(ElementType.bytes, "QLinearSigmoid: X")
    try inputs.checkQuantization(of: "X", x.type, scale: 1, zeroPoint: 2)
    try inputs.checkQuantization(of: "Y", x.type, scale: 3, zeroPoint: 4)
    return [Fact(x.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(0, "X")
    let scale = inputs.scale(3)
    let real = try x.centered(inputs[2]).scaled(by: inputs.scales(1))
    let quotients = try real.mapped { (x: Float) in Float(1 / (1 + (-Double(x)).exponential)) / scale }
    return [try quotients.quantized(x.type, zeroPoints: [inputs.zeroPoint(4)])]
  }
}
