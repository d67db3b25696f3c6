/// DequantizeLinear: y = (x − x_zero_point) · x_scale.
/// https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html, opsets 10 to 23.
///
/// Inputs: x (int8, uint8, int16, uint16 or int32), x_scale (float32, float16 or bfloat16), x_zero_point (x's type,
/// optional: 0). Scale and zero point are one number, a vector along `axis`, or (opset 21) one for every `block_size`
/// elements along it. Output: of the scale's type, or `output_dtype`.
public struct DequantizeLinear: OperatorDefinition {
  public static let name = "DequantizeLinear"

  public enum Input {
    public static let x = OperatorInput(0, "x", .activationOrWeight)
    public static let scale = OperatorInput(1, "x_scale", .setting)
    public static let zeroPoint = OperatorInput(2, "x_zero_point", .setting, .optional)
  }

  public static let inputs = [Input.x, Input.scale, Input.zeroPoint]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public var granularity: QuantizationGranularity
  /// The type of y; nil: the scale's.
  public var outputType: ElementType?

  public init(_ granularity: QuantizationGranularity = QuantizationGranularity()) { self.granularity = granularity }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    granularity = try QuantizationGranularity(attributes)
    let number = attributes.opset >= 23 ? try attributes.int("output_dtype", default: 0) : 0
    outputType = number == 0 ? nil : try attributes.elementType("output_dtype", number)
    guard outputType.map({ ElementType.scales.contains($0) }) ?? true else {
      throw GraphError(
        .unsupportedType, "DequantizeLinear: attribute 'output_dtype' must be float32, float16 or bfloat16")
    }
  }

  /// From com.microsoft's operator of this name, which is the same, but for an attribute that ONNX's has since opset 13.
  init(microsoft attributes: AttributeReader) throws(GraphError) {
    self.init(QuantizationGranularity(axis: try attributes.int("axis", default: 1)))
  }

  public var attributes: [Attribute] {
    granularity.attributes + (outputType.map { [.int("output_dtype", $0.onnxNumber)] } ?? [])
  }

  /// Without blocks, and into float32 if the scale is: the only form that kernels and passes take.
  public var isPlain: Bool { granularity.blockSize == 0 && outputType ?? .float32 == .float32 }

  public var firstOpset: Int { outputType == nil ? Graph.opset : 23 }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    try inputs.check(Input.x, is: ElementType.quantized + [.int32])
    try inputs.check(Input.scale, is: ElementType.scales)
    try inputs.check(Input.zeroPoint, matches: Input.x)
    _ = try granularity.grain(x.shape, scale: scale.shape, zeroPoint: inputs[Input.zeroPoint]?.shape, of: Self.name)
    return [Fact(outputType ?? scale.type, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    let grain = try granularity.grain(
      x.shape, scale: scale.shape, zeroPoint: inputs[Input.zeroPoint]?.shape, of: Self.name)
    let scales = try scale.converted(to: .float32).array(of: Float.self)
    return [
      try x.centered(inputs[Input.zeroPoint], grain).scaled(by: scales, grain).converted(to: outputType ?? scale.type)
    ]
  }
}
