/// QLinearGlobalAveragePool of com.microsoft: the mean over all spatial axes of a quantised tensor, quantised again.
/// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearGlobalAveragePool
///
/// Inputs: X `[N, C, …]` (`[N, …, C]` with channels_last), x_scale, x_zero_point, y_scale, y_zero_point. Output: Y, of X's
/// 8-bit type and shape with every spatial extent 1.
public struct QLinearGlobalAveragePool: OperatorDefinition {
  public static let name = "QLinearGlobalAveragePool"
  public static let domain = OperatorDomain.microsoft
  public static let inputs = 5...5

  public var channelsLast: Bool

  public init(channelsLast: Bool = false) { self.channelsLast = channelsLast }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    channelsLast = try attributes.flag("channels_last", default: false)
  }

  public var attributes: [Attribute] { channelsLast ? [.flag("channels_last", true)] : [] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(0, "X")
    try x.mustBe(ElementType.bytes, "QLinearGlobalAveragePool: X")
    try inputs.checkQuantization(of: "x", x.type, scale: 1, zeroPoint: 2)
    try inputs.checkQuantization(of: "y", x.type, scale: 3, zeroPoint: 4)
    guard x.shape.rank > 2 else { throw .wrongRank("\(Self.name): X", expected: 4, found: x.shape.rank) }
    return [Fact(x.type, pooled(x.shape))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(0, "X")
    let shape = pooled(x.shape)
    let channels = x.shape[channelAxis(x.shape)]
    let area = x.count / max(shape.count, 1)
    let centered = try x.centered(inputs[2])
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
    let factor = inputs.scale(1) / (inputs.scale(3) * Float(area))
    return [try sums.scaled(by: [factor]).quantized(x.type, zeroPoints: [inputs.zeroPoint(4)])]
  }

  private func channelAxis(_ shape: Shape) -> Int { channelsLast ? shape.rank - 1 : 1 }

  private func pooled(_ shape: Shape) -> Shape {
    Shape(shape.extents.enumerated().map { $0 == 0 || $0 == channelAxis(shape) ? $1 : 1 })
  }
}
