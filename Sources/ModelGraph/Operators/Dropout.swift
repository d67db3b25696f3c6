/// Dropout: the input as it is, except in training. https://onnx.ai/onnx/operators/onnx__Dropout.html, opsets 7, 10
/// (`ratio` is an attribute), 12 and 13 (an input).
///
/// Inputs: data, ratio (optional scalar, 0.5), training_mode (optional scalar, false).
/// Outputs: output, and mask (optional), which is true where data was kept.
///
/// Dropping at random is the trainer's business; here `training_mode` is refused unless the ratio is 0.
public struct Dropout: OperatorDefinition {
  public static let name = "Dropout"
  public static let inputs = 1...3
  public static let outputs = 1...2

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    if attributes.opset < 12 {
      guard let ratio = try attributes.optionalFloat("ratio") else { return }
      attributes.becomesInput(1, try Tensor(scalar: ratio))
    } else {
      // Without meaning where nothing is drawn.
      _ = attributes.take("seed")
    }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(0, "data")
    try data.mustBe(ElementType.floats, "Dropout: data")
    try inputs[1]?.mustBe(ElementType.floats, "Dropout: ratio")
    try inputs[2]?.mustBe([.bool], "Dropout: training_mode")
    for (input, name) in [(inputs[1], "ratio"), (inputs[2], "training_mode")] {
      guard let input, input.shape.count != 1 else { continue }
      throw .mismatch("Dropout: \(name) is \(input.shape), must be one value")
    }
    let trains = inputs[2]?.constant?.array(of: Bool.self)[0] ?? false
    if trains, inputs[1]?.constant?.doubles[0] != 0 {
      throw GraphError(
        .badInput, "Dropout: training_mode is true; export the model for inference, or train it with giemsa")
    }
    return [Fact(data.type, data.shape), Fact(.bool, data.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(0, "data")
    return [data, try Tensor(data.shape, [Bool](repeating: true, count: data.count))]
  }
}
