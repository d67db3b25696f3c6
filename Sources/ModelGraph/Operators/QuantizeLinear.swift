/// QuantizeLinear: y = clamp(round(x / y_scale) + y_zero_point), halves to even.
/// https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html, opsets 10 to 23.
///
/// Inputs: x (float32 or int32), y_scale (float32), y_zero_point (int8 or uint8, optional: uint8 0). Scale and zero
/// point are one number, a vector along `axis`, or (opset 21) one for every `block_size` elements along it.
public struct QuantizeLinear: OperatorDefinition {
  public static let name = "QuantizeLinear"

  public enum Input {
    public static let x = OperatorInput(0, "x", .activation)
    public static let scale = OperatorInput(1, "y_scale", .setting)
    public static let zeroPoint = OperatorInput(2, "y_zero_point", .setting, .optional)
  }

  public static let inputs = [Input.x, Input.scale, Input.zeroPoint]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("rounding to 8 bits has no gradient")

  public var granularity: QuantizationGranularity
  /// The type of y where no zero point says it.
  public var outputType: ElementType?

  public init(_ granularity: QuantizationGranularity = QuantizationGranularity(), outputType: ElementType? = nil) {
    self.granularity = granularity
    self.outputType = outputType
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    granularity = try QuantizationGranularity(attributes)
    // Says what happens to values too large for float 8 types, which are refused below.
    if attributes.opset >= 19 { _ = try attributes.flag("saturate", default: true) }
    let number = attributes.opset >= 21 ? try attributes.int("output_dtype", default: 0) : 0
    outputType = number == 0 ? nil : try attributes.elementType("output_dtype", number)
    let precision = attributes.opset >= 23 ? try attributes.int("precision", default: 0) : 0
    guard precision == 0 || precision == ElementType.float32.onnxNumber else {
      throw attributes.bad("precision", "must be float32, in which the quotient is computed here")
    }
    guard outputType.map({ ElementType.bytes.contains($0) }) ?? true else {
      throw GraphError(.unsupportedType, "QuantizeLinear: attribute 'output_dtype' must be int8 or uint8")
    }
  }

  public var attributes: [Attribute] {
    granularity.attributes + (outputType.map { [.int("output_dtype", $0.onnxNumber)] } ?? [])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    try inputs.check(Input.x, is: [.float32, .int32])
    try inputs.check(Input.scale, is: [.float32])
    try inputs.check(Input.zeroPoint, is: outputType.map { [$0] } ?? ElementType.bytes)
    _ = try granularity.grain(x.shape, scale: scale.shape, zeroPoint: inputs[Input.zeroPoint]?.shape, of: Self.name)
    return [Fact(inputs[Input.zeroPoint]?.type ?? outputType ?? .uint8, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    let grain = try granularity.grain(
      x.shape, scale: scale.shape, zeroPoint: inputs[Input.zeroPoint]?.shape, of: Self.name)
    let type = inputs[Input.zeroPoint]?.type ?? outputType ?? .uint8
    let zeroPoints = inputs[Input.zeroPoint]?.zeroPoints ?? [Int32](repeating: 0, count: scale.count)
    let numbers = try Cast(to: .float32).evaluate(Inputs("Cast", [x]))[0]
    let quotients = try numbers.mapped(scale.array(of: Float.self), grain) { (x: Float, scale: Float) in x / scale }
    return [try quotients.quantized(type, zeroPoints: zeroPoints, grain)]
  }
}
