/// DynamicQuantizeLinear: a tensor quantised to uint8 by the range of its own values (and 0).
/// https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html, opset 11.
///
/// Input: x (float32). Outputs: y (uint8, x's shape), y_scale (float32 scalar), y_zero_point (uint8 scalar).
public struct DynamicQuantizeLinear: OperatorDefinition {
  public static let name = "DynamicQuantizeLinear"
  public static let inputs = 1...1
  public static let outputs = 1...3

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(0, "x")
    try x.mustBe([.float32], "DynamicQuantizeLinear: x")
    return [Fact(.uint8, x.shape), Fact(.float32, []), Fact(.uint8, [])]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(0, "x")
    var (lowest, highest): (Float, Float) = (0, 0)
    for value in x.array(of: Float.self) {
      if value < lowest { lowest = value }
      if value > highest { highest = value }
    }
    let scale = highest == lowest ? 1 : (highest - lowest) / 255
    let zeroPoint = UInt8(quantizing: -lowest / scale, zeroPoint: 0)
    let y = try x.mapped { (x: Float) in x / scale }.quantized(.uint8, zeroPoints: [Int32(zeroPoint)])
    return [y, try Tensor(scalar: scale), try Tensor(scalar: zeroPoint)]
  }
}
