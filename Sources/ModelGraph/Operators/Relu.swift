/// Relu: y = max(0, x). https://onnx.ai/onnx/operators/onnx__Relu.html, opsets 6, 13 and 14 (signed integers too).
///
/// Input: X. Output: Y, of the same shape.
public struct Relu: NumberOperator {
  public static let name = "Relu"
  public static let inputs = 1...1

  public init() {}
  public init(_ attributes: AttributeReader) throws(GraphError) {}

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(0, "X")
    try x.mustBe([.float32, .float64, .int8, .int32, .int64], "Relu: X")
    return [Fact(x.type, x.shape)]
  }

  public func evaluate<Number: Arithmetic>(
    _ inputs: Inputs<Tensor>, as _: Number.Type
  ) throws(GraphError) -> [Tensor] {
    [try inputs.required(0, "X").mapped { (x: Number) in x.rectified }]
  }
}
