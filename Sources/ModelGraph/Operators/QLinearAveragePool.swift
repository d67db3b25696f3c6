/// QLinearAveragePool of com.microsoft: the mean of each window of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearAveragePool
///
/// Inputs: X `[N, C, (H,) W]` (`[N, (H,) W, C]` with channels_last), x_scale, x_zero_point (optional: 0), y_scale,
/// y_zero_point (optional: 0). Output: Y, of X's 8-bit type and layout.
public struct QLinearAveragePool: OperatorDefinition {
  public static let name = "QLinearAveragePool"
  public static let domain = OperatorDomain.microsoft
  public static let inputs = 4...5

  public var window: Window
  /// Divide by all of the window: padding too, and what hangs over it with ceil_mode (as onnxruntime, unlike AveragePool
  /// since opset 19).
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
    let x = try inputs.required(0, "X")
    try x.mustBe(ElementType.bytes, "QLinearAveragePool: X")
    try inputs.checkQuantization(of: "x", x.type, scale: 1, zeroPoint: 2)
    try inputs.checkQuantization(of: "y", x.type, scale: 3, zeroPoint: 4)
    let shape = Shape(toChannelsFirst(x.shape.rank).map { x.shape[$0] })
    let plane = try window.plane(over: shape, kernel: window.kernel, of: Self.name)
    let pooled = plane.outputShape(batch: shape[0], channels: shape[1])
    return [Fact(x.type, Shape(toChannelsLast(x.shape.rank).map { pooled[$0] }))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let input = try inputs.required(0, "X")
    let rank = input.shape.rank
    let x = try Transpose(perm: toChannelsFirst(rank)).evaluate(Inputs("Transpose", [input]))[0]
    let plane = try window.plane(over: x.shape, kernel: window.kernel, of: Self.name)
    let shape = plane.outputShape(batch: x.shape[0], channels: x.shape[1])
    let real = try x.centered(inputs[2]).scaled(by: inputs.scales(1))
    var means = try Tensor(zeros: shape)
    real.withElements(Float.self) { real in
      means.withMutableElements(Float.self) { means in
        for channel in 0..<shape[0] * shape[1] {
          plane.forEachWindow { output, cells in
            var sum = 0.0
            cells.forEach { sum += Double(real[channel * plane.inputCount + $0]) }
            means[channel * plane.outputCount + output] = Float(
              sum / Double(countIncludePad ? plane.height.kernel * plane.width.kernel : cells.count))
          }
        }
      }
    }
    let scale = inputs.scale(3)
    let quotients = try means.mapped { (mean: Float) in mean / scale }
    let y = try quotients.quantized(x.type, zeroPoints: [inputs.zeroPoint(4)])
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
