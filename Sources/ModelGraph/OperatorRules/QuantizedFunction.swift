// Operators of com.microsoft that apply one function to every number of a quantised tensor and quantise the result.

public enum QuantizedFunctionInput {
  public static let x = OperatorInput(0, "X", .activation)
  public static let xScale = OperatorInput(1, "X_scale", .setting)
  public static let xZeroPoint = OperatorInput(2, "X_zero_point", .setting)
  public static let yScale = OperatorInput(3, "Y_scale", .setting)
  public static let yZeroPoint = OperatorInput(4, "Y_zero_point", .setting, .optional)
  static let all = [x, xScale, xZeroPoint, yScale, yZeroPoint]
}

public protocol QuantizedFunction: OperatorDefinition {
  typealias Input = QuantizedFunctionInput

  func apply(_ x: Float) -> Float
}

extension QuantizedFunction {
  public static var inputs: [OperatorInput] { Input.all }
  public static var multiplyAdds: MultiplyAdds { .none }
  public static var movement: DataMovement { .computation }
  public static var differentiability: Differentiability { .notDifferentiable("its inputs are integers") }

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
    let quotients = try real.mapped { (x: Float) in apply(x) / scale }
    return [try quotients.quantized(x.type, zeroPoints: [inputs.zeroPoint(Input.yZeroPoint)])]
  }
}
