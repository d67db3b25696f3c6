/// Clip: y = min(max(x, low), high). https://onnx.ai/onnx/operators/onnx__Clip.html, opsets 6 (bounds are attributes),
/// 11 (inputs), 12 (integers too) and 13.
///
/// Inputs: input, min and max (optional scalars of the same type). Output: output, of the input's shape. A NaN stays one;
/// a bound that is NaN bounds nothing, as in onnxruntime.
public struct Clip: NumberOperator {
  public static let name = "Clip"
  public static let inputs = 1...3

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    guard attributes.opset < 11 else { return }
    if let low = try attributes.optionalFloat("min") { attributes.becomesInput(1, try Tensor(scalar: low)) }
    if let high = try attributes.optionalFloat("max") { attributes.becomesInput(2, try Tensor(scalar: high)) }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(0, "input")
    try x.mustBe(ElementType.numbers, "Clip: input")
    for (bound, name) in [(inputs[1], "min"), (inputs[2], "max")] {
      guard let bound else { continue }
      try bound.mustMatch(x, "the input", "Clip: \(name)")
      guard bound.shape.count == 1 else { throw .mismatch("Clip: \(name) is \(bound.shape), must be one number") }
    }
    return [Fact(x.type, x.shape)]
  }

  public func evaluate<Number: Arithmetic>(
    _ inputs: Inputs<Tensor>, as _: Number.Type
  ) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(0, "input")
    let low = inputs[1]?.array(of: Number.self)[0] ?? .lowest
    let high = inputs[2]?.array(of: Number.self)[0] ?? .highest
    return [try x.mapped { (x: Number) in x.clipped(low, high) }]
  }
}
