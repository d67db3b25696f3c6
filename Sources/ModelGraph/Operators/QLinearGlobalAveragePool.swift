import Text

/// QLinearGlobalAveragePool of com.microsoft: the mean over all spatial axes of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearGlobalAveragePool
///
/// Inputs: X `[N, C, …]` (`[N, …, C]` with channels_last), x_scale, x_zero_point, y_scale, y_zero_point. Output: Y, of
/// X's 8-bit type and shape with every spatial extent 1.
public struct QLinearGlobalAveragePool: OperatorDefinition {
  public static let name = "QLinearGlobalAveragePool"
  public static let domain = OperatorDomain.microsoft

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
    public static let xScale = OperatorInput(1, "x_scale", .setting)
    public static let xZeroPoint = OperatorInput(2, "x_zero_point", .setting)
    public static let yScale = OperatorInput(3, "y_scale", .setting)
    public static let yZeroPoint = OperatorInput(4, "y_zero_point", .setting)
  }

  public static let inputs = [Input.x, Input.xScale, Input.xZeroPoint, Input.yScale, Input.yZeroPoint]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its inputs are integers")

  public var channelsLast: Bool

  public init(channelsLast: Bool = false) { self.channelsLast = channelsLast }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    channelsLast = try attributes.flag("channels_last", default: false)
  }

  public var attributes: [Attribute] { channelsLast ? [.flag("channels_last", true)] : [] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.bytes)
    try inputs.checkQuantization(Input.xScale, Input.xZeroPoint, x.type)
    try inputs.checkQuantization(Input.yScale, Input.yZeroPoint, x.type)
    guard x.shape.rank > 2 else { throw .wrongRank("\(Self.name): X", expected: 4, found: x.shape.rank) }
    return [Fact(x.type, pooled(x.shape))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let shape = pooled(x.shape)
    let channels = x.shape[channelAxis(x.shape)]
    let area = x.count / max(shape.count, 1)
    let centered = try x.centered(inputs[Input.xZeroPoint])
    var sums = try Tensor(zeros: shape, type: .int32)
    centered.withElements(Int32.self) { x in
      sums.withMutableElements(Int32.self) { sums in
        for place in sums.indices {
          // Where the channel's plane starts, and how far its pixels lie apart.
          let (start, step) =
            channelsLast ? (place / channels * channels * area + place % channels, channels) : (place * area, 1)
          for pixel in 0..<area { sums[place] &+= x[start + pixel * step] }
        }
      }
    }
    let factor = inputs.scale(Input.xScale) / (inputs.scale(Input.yScale) * Float(area))
    return [try sums.scaled(by: [factor]).quantized(x.type, zeroPoints: [inputs.zeroPoint(Input.yZeroPoint)])]
  }

  private func channelAxis(_ shape: Shape) -> Int { channelsLast ? shape.rank - 1 : 1 }

  private func pooled(_ shape: Shape) -> Shape {
    Shape(shape.extents.enumerated().map { $0 == 0 || $0 == channelAxis(shape) ? $1 : 1 })
  }
}
