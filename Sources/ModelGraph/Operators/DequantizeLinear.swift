/// DequantizeLinear: y = (x − x_zero_point) · x_scale.
/// https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html, opsets 10 to 23.
///
/// Inputs: x (int8, uint8 or int32), x_scale (float32), x_zero_point (x's type, optional: 0). Scale and zero point are one
/// number, a vector along `axis`, or (opset 21) one for every `block_size` elements along it. Output: float32.
public struct DequantizeLinear: OperatorDefinition {
  public static let name = "DequantizeLinear"
  public static let inputs = 2...3

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
    let (x, scale) = (try inputs.required(0, "x"), try inputs.required(1, "x_scale"))
    try x.mustBe(ElementType.bytes + [.int32], "DequantizeLinear: x")
    try scale.mustBe([.float32], "DequantizeLinear: x_scale")
    try inputs[2]?.mustMatch(x, "x", "DequantizeLinear: x_zero_point")
    _ = try granularity.grain(x.shape, scale: scale.shape, zeroPoint: inputs[2]?.shape, of: Self.name)
    return [Fact(.float32, x.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, scale) = (try inputs.required(0, "x"), try inputs.required(1, "x_scale"))
    let grain = try granularity.grain(x.shape, scale: scale.shape, zeroPoint: inputs[2]?.shape, of: Self.name)
    return [try x.centered(inputs[2], grain).scaled(by: scale.array(), grain)]
  }
}
