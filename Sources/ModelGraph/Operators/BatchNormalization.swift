import Text

/// BatchNormalization: y = (x − mean) / √(var + epsilon) · scale + B, channel by channel.
/// https://onnx.ai/onnx/operators/onnx__BatchNormalization.html, opsets 1, 6, 7, 9, 14 and 15.
///
/// Inputs: X `[N, C, …]` (or `[N]`, one channel), scale, B, input_mean, input_var `[C]`. Output: Y, of X's shape.
/// Everything is computed in double precision.
///
/// With `training_mode`, mean and var are those of X itself over N and all spatial axes, and two more outputs,
/// running_mean and running_var `[C]`, are input · momentum + X's · (1 − momentum). Before opset 9, `spatial` could be
/// 0: the four inputs then hold a number for each element of a sample, `[C, …]`.
public struct BatchNormalization: OperatorDefinition {
  public static let name = "BatchNormalization"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let scale = OperatorInput(1, "scale", .weight)
    public static let b = OperatorInput(2, "B", .weight)
    public static let mean = OperatorInput(3, "input_mean", .setting)
    public static let variance = OperatorInput(4, "input_var", .setting)
  }

  public static let inputs = [Input.x, Input.scale, Input.b, Input.mean, Input.variance]
  public static let outputs = 1...3
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var epsilon: Float
  public var momentum: Float
  public var trainingMode: Bool
  /// The meaning of `spatial = 0` before opset 9: statistics for each element of a sample. When a file is written,
  /// ``Graph/withOldNormalizationSpelledOut()`` replaces it by other operators.
  public var isPerElement: Bool

  public init(epsilon: Float = 1e-5, momentum: Float = 0.9, trainingMode: Bool = false, isPerElement: Bool = false) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.trainingMode = trainingMode
    self.isPerElement = isPerElement
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    epsilon = try attributes.float("epsilon", default: 1e-5)
    momentum = try attributes.float("momentum", default: 0.9)
    trainingMode = attributes.opset >= 14 ? try attributes.flag("training_mode", default: false) : false
    isPerElement = attributes.opset < 9 ? try !attributes.flag("spatial", default: true) : false
    if attributes.opset < 7, try !attributes.flag("is_test", default: true) {
      throw attributes.bad("is_test", "is 0: the model is in training form; export it for inference")
    }
  }

  public var attributes: [Attribute] {
    [.float("epsilon", epsilon), .float("momentum", momentum)]
      + (trainingMode ? [.flag("training_mode", true)] : [])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    let mean = try inputs.required(Input.mean)
    guard x.shape.rank >= 1 else { throw .wrongRank("BatchNormalization: X", expected: 2, found: 0) }
    try inputs.check(Input.x, is: ElementType.floats)
    for input in [Input.scale, Input.mean] { try inputs.check(input, is: ElementType.floats) }
    // Scale and bias may have a type of their own, and the statistics another.
    try inputs.check(Input.b, matches: Input.scale)
    try inputs.check(Input.variance, matches: Input.mean)
    let channels = channels(x.shape)
    for input in Self.inputs.dropFirst() {
      let parameter = try inputs.required(input)
      guard parameter.shape == channels else {
        let has = isPerElement ? "whose samples are \(channels)" : "which has \(channels[0]) channels"
        throw .mismatch("BatchNormalization: \(input.name) is \(parameter.shape), X is \(x.shape), \(has)")
      }
    }
    let statistics = Fact(mean.type, channels)
    return [Fact(x.type, x.shape)] + (trainingMode ? [statistics, statistics] : [])
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (x, rank) = (try inputs.required(Input.x), isPerElement ? 2 : try inputs.required(Input.x).shape.rank)
    // Each parameter in the shape that broadcasts to X.
    func parameter(_ input: OperatorInput) throws(GraphError) -> Tensor {
      let values = try inputs.required(input).converted(to: .float64)
      return isPerElement ? values : try values.alongChannels(rank)
    }
    let (inputMean, inputVariance) = (try parameter(Input.mean), try parameter(Input.variance))
    let (mean, variance) = trainingMode ? try statistics(of: x, inputMean.shape) : (inputMean, inputVariance)
    let epsilon = Double(epsilon)
    let factor = try parameter(Input.scale).combined(with: variance, of: Self.name) {
      $0 / ($1 + epsilon).squareRoot()
    }
    let y = try x.combined(with: mean, of: Self.name, to: .float64) { $0 - $1 }
      .affine(factor, parameter(Input.b), of: Self.name).converted(to: x.type)
    guard trainingMode else { return [y] }
    func running(_ old: Tensor, _ new: Tensor, _ input: OperatorInput) throws(GraphError) -> Tensor {
      let keep = Double(momentum)
      let result = try old.combined(with: new, of: Self.name) { $0 * keep + $1 * (1 - keep) }
      let given = try inputs.required(input)
      return try result.reshaped(given.shape).converted(to: given.type)
    }
    return [y, try running(inputMean, mean, Input.mean), try running(inputVariance, variance, Input.variance)]
  }

  /// Mean and (population) variance of each channel, in float64 and in `shape`.
  private func statistics(of x: Tensor, _ shape: Shape) throws(GraphError) -> (mean: Tensor, variance: Tensor) {
    func average(_ values: Tensor) throws(GraphError) -> Tensor {
      let axes = [Int64](x.shape.extents.indices.filter { $0 != 1 }.map { Int64($0) })
      let reduced = try ReduceMean().evaluate(Inputs(Self.name, [values, try Tensor([axes.count], axes)]))[0]
      return try reduced.reshaped(shape)
    }
    let mean = try average(x.converted(to: .float64))
    let squares = try x.combined(with: mean, of: Self.name, to: .float64) { ($0 - $1) * ($0 - $1) }
    return (mean, try average(squares))
  }

  /// The shape of the parameters.
  private func channels(_ x: Shape) -> Shape {
    isPerElement ? Shape(Array(x.extents.dropFirst())) : [x.rank == 1 ? 1 : x[1]]
  }
}
