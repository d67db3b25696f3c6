/// DynamicQuantizeLinear: a tensor quantised to uint8 by the range of its own values (and 0).
/// https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html, opset 11.
///
/// Input: x (float32). Outputs: y (uint8, x's shape), y_scale (float32 scalar), y_zero_point (uint8 scalar).
public struct DynamicQuantizeLinear: OperatorDefinition {
  public static let name = "DynamicQuantizeLinear"

  public enum Input {
    public static let x = OperatorInput(0, "x", .activation)
  }

  public static let inputs = [Input.x]
  public static let outputs = 1...3
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("rounding to 8 bits has no gradient")

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: [.float32])
    return [Fact(.uint8, x.shape), Fact(.float32, []), Fact(.uint8, [])]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    var (lowest, highest): (Float, Float) = (0, 0)
    for value in x.array(of: Float.self) {
      if value < lowest { lowest = value }
      if value > highest { highest = value }
    }
    let scale = highest == lowest ? 1 : (highest - lowest) / 255
    let zeroPoint = UInt8(
      truncatingIfNeeded: Int32(quantizing: -lowest / scale, zeroPoint: 0, from: 0, to: 255))
    let y = try x.mapped { (x: Float) in x / scale }.quantized(.uint8, zeroPoints: [Int32(zeroPoint)])
    return [y, try Tensor(scalar: scale), try Tensor(scalar: zeroPoint)]
  }
}
