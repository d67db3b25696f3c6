/// BatchNormalization: y = (x − mean) / √(var + epsilon) · scale + B, channel by channel.
/// https://onnx.ai/onnx/operators/onnx__BatchNormalization.html, opsets 1, 6, 7, 9, 14 and 15.
///
/// Inputs: X `[N, C, …]` (or `[N]`, one channel), scale, B, input_mean, input_var `[C]`. Output: Y, of X's shape.
///
/// With `training_mode`, mean and var are those of X itself over N and all spatial axes, and two more outputs,
/// running_mean and running_var `[C]`, are input · momentum + X's · (1 − momentum).
public struct BatchNormalization: FloatOperator {
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

  public init(epsilon: Float = 1e-5, momentum: Float = 0.9, trainingMode: Bool = false) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.trainingMode = trainingMode
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    epsilon = try attributes.float("epsilon", default: 1e-5)
    momentum = try attributes.float("momentum", default: 0.9)
    trainingMode = attributes.opset >= 14 ? try attributes.flag("training_mode", default: false) : false
    if attributes.opset < 7, try !attributes.flag("is_test", default: true) {
      throw attributes.bad("is_test", "is 0: the model is in training form; export it for inference")
    }
    if attributes.opset < 9, try !attributes.flag("spatial", default: true) {
      throw attributes.bad("spatial", "is 0: statistics per pixel, which opset 9 took away, are not supported")
    }
  }

  public var attributes: [Attribute] {
    [.float("epsilon", epsilon), .float("momentum", momentum)]
      + (trainingMode ? [.flag("training_mode", true)] : [])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats)
    guard x.shape.rank >= 1 else { throw .wrongRank("BatchNormalization: X", expected: 2, found: 0) }
    let channels = Self.channels(x.shape)
    for input in Self.inputs.dropFirst() {
      let parameter = try inputs.required(input)
      try inputs.check(input, matches: Input.x)
      guard parameter.shape == [channels] else {
        throw .mismatch("BatchNormalization: \(input.name) is \(parameter.shape), X has \(channels) channels")
      }
    }
    let statistics = Fact(x.type, [channels])
    return [Fact(x.type, x.shape)] + (trainingMode ? [statistics, statistics] : [])
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let scale: [Number] = try inputs.required(Input.scale).array()
    let bias: [Number] = try inputs.required(Input.b).array()
    let inputMean: [Number] = try inputs.required(Input.mean).array()
    let inputVariance: [Number] = try inputs.required(Input.variance).array()
    let (mean, variance) = trainingMode ? Self.statistics(of: x, Number.self) : (inputMean, inputVariance)

    var y = x
    y.withMutableElements(Number.self) { y in
      Self.forEachRow(x.shape) { channel, row in
        let factor = scale[channel] / (variance[channel] + Number(epsilon)).squareRoot()
        for index in row { y[index] = (y[index] - mean[channel]) * factor + bias[channel] }
      }
    }
    guard trainingMode else { return [y] }
    func running(_ old: [Number], _ new: [Number]) throws(GraphError) -> Tensor {
      let keep = Number(momentum)
      return try Tensor([old.count], zip(old, new).map { $0 * keep + $1 * (1 - keep) })
    }
    return [y, try running(inputMean, mean), try running(inputVariance, variance)]
  }

  /// Mean and (population) variance of each channel.
  private static func statistics<Number: Real>(of x: Tensor, _: Number.Type) -> (mean: [Number], variance: [Number]) {
    let (shape, channels) = (x.shape, channels(x.shape))
    let count = Double(x.count / max(channels, 1))
    var mean = [Double](repeating: 0, count: channels)
    var variance = mean
    x.withElements(Number.self) { x in
      Self.forEachRow(shape) { channel, row in
        for index in row { mean[channel] += x[index].wide / count }
      }
      Self.forEachRow(shape) { channel, row in
        for index in row {
          let difference = x[index].wide - mean[channel]
          variance[channel] += difference * difference / count
        }
      }
    }
    return (mean.map { Number($0) }, variance.map { Number($0) })
  }

  private static func channels(_ x: Shape) -> Int { x.rank == 1 ? 1 : x[1] }

  /// Calls `body` with each channel of each sample and the range of its elements.
  @inline(__always)
  private static func forEachRow(_ x: Shape, _ body: (_ channel: Int, _ row: Range<Int>) -> Void) {
    let channels = channels(x)
    let length = x.rank == 1 ? 1 : x.extents[2...].reduce(1) { $0 * $1 }
    for row in 0..<x[0] * channels { body(row % channels, row * length..<(row + 1) * length) }
  }
}
