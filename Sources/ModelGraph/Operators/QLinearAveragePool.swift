import Text

/// QLinearAveragePool of com.microsoft: the mean of each window of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearAveragePool
///
/// Inputs: X `[N, C, ((D,) H,) W]` (`[N, ((D,) H,) W, C]` with channels_last), x_scale, x_zero_point (optional: 0),
/// y_scale, y_zero_point (optional: 0). Output: Y, of X's 8-bit type and layout.
public struct QLinearAveragePool: OperatorDefinition {
  public static let name = "QLinearAveragePool"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let xScale = OperatorInput(1, "x_scale", .setting)
    public static let xZeroPoint = OperatorInput(2, "x_zero_point", .setting)
    public static let yScale = OperatorInput(3, "y_scale", .setting)
    public static let yZeroPoint = OperatorInput(4, "y_zero_point", .setting, .optional)
  }

  public static let inputs = [Input.x, Input.xScale, Input.xZeroPoint, Input.yScale, Input.yZeroPoint]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public var window: Window
  /// Divide by all of the window: padding too, and what hangs over it with ceil_mode (as onnxruntime, unlike
  /// AveragePool since opset 19).
  public var countIncludePad: Bool
  public var channelsLast: Bool

  /// Over the last two axes; padding does not count.
  public init(_ window: Window) {
    self.window = window
    countIncludePad = false
    channelsLast = false
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    window = try Window(attributes, hasDilations: false, hasCeilMode: true)
    if window.kernel.isEmpty { throw attributes.bad("kernel_shape", "is required") }
    countIncludePad = try attributes.flag("count_include_pad", default: false)
    channelsLast = try attributes.flag("channels_last", default: false)
  }

  public var attributes: [Attribute] {
    window.attributes + (countIncludePad ? [.flag("count_include_pad", true)] : [])
      + (channelsLast ? [.flag("channels_last", true)] : [])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.bytes)
    try inputs.checkQuantization(Input.xScale, Input.xZeroPoint, x.type)
    try inputs.checkQuantization(Input.yScale, Input.yZeroPoint, x.type)
    let shape = Shape(toChannelsFirst(x.shape.rank).map { x.shape[$0] })
    let plane = try window.plane(over: shape, kernel: window.kernel, of: Self.name)
    let pooled = plane.outputShape(batch: shape[0], channels: shape[1])
    return [Fact(x.type, Shape(toChannelsLast(x.shape.rank).map { pooled[$0] }))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let input = try inputs.required(Input.x)
    let rank = input.shape.rank
    let x = try Transpose(perm: toChannelsFirst(rank)).evaluate(Inputs("Transpose", [input]))[0]
    let plane = try window.plane(over: x.shape, kernel: window.kernel, of: Self.name)
    let shape = plane.outputShape(batch: x.shape[0], channels: x.shape[1])
    let real = try x.centered(inputs[Input.xZeroPoint]).scaled(by: inputs.scales(Input.xScale))
    var means = try Tensor(zeros: shape)
    real.withElements(Float.self) { real in
      means.withMutableElements(Float.self) { means in
        for channel in 0..<shape[0] * shape[1] {
          plane.forEachWindow { output, cells in
            var sum = 0.0
            cells.forEach { sum += Double(real[channel * plane.inputCount + $0]) }
            means[channel * plane.outputCount + output] = Float(
              sum / Double(countIncludePad ? plane.taps : cells.count))
          }
        }
      }
    }
    let scale = inputs.scale(Input.yScale)
    let quotients = try means.mapped { (mean: Float) in mean / scale }
    let y = try quotients.quantized(x.type, zeroPoints: [inputs.zeroPoint(Input.yZeroPoint)])
    return try Transpose(perm: toChannelsLast(rank)).evaluate(Inputs("Transpose", [y]))
  }

  /// The order of X's axes that puts the channels behind the batch.
  private func toChannelsFirst(_ rank: Int) -> [Int] {
    channelsLast && rank > 2 ? [0, rank - 1] + Array(1..<rank - 1) : Array(0..<rank)
  }

  /// The order that puts them back.
  private func toChannelsLast(_ rank: Int) -> [Int] {
    channelsLast && rank > 2 ? [0] + Array(2..<rank) + [1] : Array(0..<rank)
  }
}
