/// QuantizeLinear: y = clamp(round(x / y_scale) + y_zero_point), halves to even.
/// https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html, opsets 10 to 23.
///
/// Inputs: x (float32, float16, bfloat16 or int32), y_scale (of such a float type), y_zero_point (8 or 16 bits, optional:
/// uint8 0). Scale and zero point are one number, a vector along `axis`, or (opset 21) one for every `block_size`
/// elements along it. The quotient is rounded to the scale's type, or `precision`, before it is rounded to an integer.
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
  /// The type that the quotient is rounded to; nil: the scale's.
  public var precision: ElementType?

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
    let division = attributes.opset >= 23 ? try attributes.int("precision", default: 0) : 0
    precision = division == 0 ? nil : try attributes.elementType("precision", division)
    guard precision.map({ ElementType.scales.contains($0) }) ?? true else {
      throw attributes.bad("precision", "must be float32, float16 or bfloat16")
    }
    guard outputType.map({ ElementType.quantized.contains($0) }) ?? true else {
      throw GraphError(
        .unsupportedType, "QuantizeLinear: attribute 'output_dtype' must be an integer type of 8 or 16 bits")
    }
  }

  /// From com.microsoft's operator of this name, which is the same, but for an attribute that ONNX's has since opset 13.
  init(microsoft attributes: AttributeReader) throws(GraphError) {
    self.init(QuantizationGranularity(axis: try attributes.int("axis", default: 1)))
  }

  public var attributes: [Attribute] {
    granularity.attributes + (outputType.map { [.int("output_dtype", $0.onnxNumber)] } ?? [])
      + (precision.map { [.int("precision", $0.onnxNumber)] } ?? [])
  }

  /// Without blocks, and with a quotient of float32 if the scale is: the only form that kernels and passes take.
  public var isPlain: Bool { granularity.blockSize == 0 && precision ?? .float32 == .float32 }

  public var firstOpset: Int { precision == nil ? Graph.opset : 23 }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    try inputs.check(Input.x, is: [.float32, .float16, .bfloat16, .int32])
    try inputs.check(Input.scale, is: ElementType.scales)
    try inputs.check(Input.zeroPoint, is: outputType.map { [$0] } ?? ElementType.quantized)
    _ = try granularity.grain(x.shape, scale: scale.shape, zeroPoint: inputs[Input.zeroPoint]?.shape, of: Self.name)
    return [Fact(inputs[Input.zeroPoint]?.type ?? outputType ?? .uint8, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    let grain = try granularity.grain(
      x.shape, scale: scale.shape, zeroPoint: inputs[Input.zeroPoint]?.shape, of: Self.name)
    let type = inputs[Input.zeroPoint]?.type ?? outputType ?? .uint8
    let zeroPoints = inputs[Input.zeroPoint]?.zeroPoints ?? [Int32](repeating: 0, count: scale.count)
    let scales = try scale.converted(to: .float32).array(of: Float.self)
    let (numbers, division) = (try x.converted(to: .float32), precision ?? scale.type)
    if division == .float32 { return [try numbers.quantized(type, scales: scales, zeroPoints: zeroPoints, grain)] }
    let quotients = try numbers.mapped(scales, grain) { (x: Float, scale: Float) in x / scale }
    let rounded = try quotients.converted(to: division).converted(to: .float32)
    return [try rounded.quantized(type, zeroPoints: zeroPoints, grain)]
  }
}
