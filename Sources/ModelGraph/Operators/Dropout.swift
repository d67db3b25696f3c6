import Text

/// Dropout: the input as it is, except in training. https://onnx.ai/onnx/operators/onnx__Dropout.html, opsets 1, 6, 7,
/// 10 (`ratio` is an attribute), 12 and 13 (an input).
///
/// Inputs: data, ratio (optional scalar, 0.5), training_mode (optional scalar, false).
/// Outputs: output, and mask (optional), which is true where data was kept.
///
/// Only the trainer drops elements. `training_mode` is refused here unless the ratio is 0.
public struct Dropout: OperatorDefinition {
  public static let name = "Dropout"

  public enum Input {
    public static let data = OperatorInput(0, "data", .activation)
    public static let ratio = OperatorInput(1, "ratio", .setting, .optional)
    public static let trainingMode = OperatorInput(2, "training_mode", .setting, .optional)
  }

  public static let inputs = [Input.data, Input.ratio, Input.trainingMode]
  public static let outputs = 1...2
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.view
  public static let differentiability = Differentiability.differentiable

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    if attributes.opset < 7, try !attributes.flag("is_test", default: true) {
      throw attributes.bad("is_test", "is 0: the model is in training form; export it for inference")
    }
    if attributes.opset < 12 {
      guard let ratio = try attributes.optionalFloat("ratio") else { return }
      attributes.becomesInput(Input.ratio, try Tensor(scalar: ratio))
    } else {
      // Without effect: nothing is drawn here.
      _ = attributes.take("seed")
    }
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    try inputs.check(Input.data, is: ElementType.floats)
    try inputs.check(Input.ratio, is: ElementType.floats)
    try inputs.check(Input.trainingMode, is: [.bool])
    for input in [Input.ratio, Input.trainingMode] {
      guard let shape = inputs[input]?.shape, shape.count != 1 else { continue }
      throw .mismatch("Dropout: \(input.name) is \(shape), must be one value")
    }
    let trains = inputs[Input.trainingMode]?.constant?.array(of: Bool.self)[0] ?? false
    if trains, inputs[Input.ratio]?.constant?.doubles[0] != 0 {
      throw GraphError(
        .badInput, "Dropout: training_mode is true; export the model for inference, or train it with giemsa")
    }
    return [Fact(data.type, data.shape), Fact(.bool, data.shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    return [data, try Tensor(data.shape, [Bool](repeating: true, count: data.count))]
  }
}
