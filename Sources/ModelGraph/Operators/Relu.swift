/// Relu: y = max(0, x). https://onnx.ai/onnx/operators/onnx__Relu.html, opsets 6, 13 and 14 (signed integers too).
///
/// Input: X. Output: Y, of the same shape.
public struct Relu: NumberOperator {
  public static let name = "Relu"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: [.float32, .float64, .int8, .int32, .int64])
    return [Fact(x.type, x.shape)]
  }

  public func evaluate<Number: Arithmetic>(
    _ inputs: Inputs<Tensor>, as _: Number.Type
  ) throws(GraphError) -> [Tensor] {
    [try inputs.required(Input.x).mapped { (x: Number) in x.rectified }]
  }
}
