/// DequantizeLinear: y = (x − x_zero_point) · x_scale.
/// https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html, opsets 10 to 23.
///
/// Inputs: x (int8, uint8 or int32), x_scale (float32), x_zero_point (x's type, optional: 0). Scale and zero point are
/// one number, a vector along `axis`, or (opset 21) one for every `block_size` elements along it. Output: float32.
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

  public init(_ granularity: QuantizationGranularity = QuantizationGranularity()) { self.granularity = granularity }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    granularity = try QuantizationGranularity(attributes)
    let number = attributes.opset >= 23 ? try attributes.int("output_dtype", default: 0) : 0
    guard number == 0 || number == ElementType.float32.onnxNumber else {
      throw GraphError(.unsupportedType, "DequantizeLinear: attribute 'output_dtype' must be float32")
    }
  }

  public var attributes: [Attribute] { granularity.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    try inputs.check(Input.x, is: ElementType.bytes + [.int32])
    try inputs.check(Input.scale, is: [.float32])
    try inputs.check(Input.zeroPoint, matches: Input.x)
    _ = try granularity.grain(x.shape, scale: scale.shape, zeroPoint: inputs[Input.zeroPoint]?.shape, of: Self.name)
    return [Fact(.float32, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, scale) = (try inputs.required(Input.x), try inputs.required(Input.scale))
    let grain = try granularity.grain(
      x.shape, scale: scale.shape, zeroPoint: inputs[Input.zeroPoint]?.shape, of: Self.name)
    return [try x.centered(inputs[Input.zeroPoint], grain).scaled(by: scale.array(), grain)]
  }
}
