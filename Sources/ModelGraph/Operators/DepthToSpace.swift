import Text

/// DepthToSpace: groups of channels become blocks of pixels.
/// https://onnx.ai/onnx/operators/onnx__DepthToSpace.html, opsets 1, 11 (`mode`), 13 and 28.
///
/// Input: input `[N, C, H, W]`. Output: `[N, C/b², H·b, W·b]`. In mode DCR the channel is `(row · b + column) · C/b²
/// + c`, in mode CRD `(c · b + row) · b + column`.
public struct DepthToSpace: OperatorDefinition {
  public static let name = "DepthToSpace"

  public enum Input {
    public static let data = OperatorInput(0, "input", .activation)
  }

  public static let inputs = [Input.data]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.rearrangement
  public static let differentiability = Differentiability.differentiable

  public var block: PixelBlock

  public init(_ block: PixelBlock) { self.block = block }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    block = try PixelBlock(attributes, hasMode: attributes.opset >= 11)
  }

  public var attributes: [Attribute] { block.attributes }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    return [Fact(data.type, try shape(data.shape))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let (whole, strides, size) = (try shape(data.shape), data.shape.strides, block.size)
    let steps = block.channelSteps(whole[1])
    let parts = Shape([whole[0], whole[1], data.shape[2], size, data.shape[3], size])
    let strideOf = [
      strides[0], steps.channel * strides[1], strides[2], steps.row * strides[1], strides[3], steps.column * strides[1],
    ]
    let picked = try data.picking(parts) { axis in (0..<parts[axis]).map { $0 * strideOf[axis] } }
    return [try picked.reshaped(whole)]
  }

  private func shape(_ data: Shape) throws(GraphError) -> Shape {
    guard data.rank == 4 else { throw .wrongRank("DepthToSpace: input", expected: 4, found: data.rank) }
    let size = block.size
    guard data[1] % (size * size) == 0 else {
      throw .mismatch("DepthToSpace: \(data[1]) channels do not make up blocks of \(size) by \(size)")
    }
    return Shape([
      data[0], data[1] / (size * size), data[2].saturatingTimes(size), data[3].saturatingTimes(size),
    ])
  }
}

/// The attributes of DepthToSpace and SpaceToDepth.
public struct PixelBlock: Sendable, Equatable {
  /// Rows and columns of a block.
  public var size: Int
  /// Mode CRD: a channel's pixels of a block are neighbouring channels. Otherwise, mode DCR, the channels of a pixel
  /// are.
  public var keepsPixelsTogether: Bool

  public init(size: Int, keepsPixelsTogether: Bool = false) {
    self.size = size
    self.keepsPixelsTogether = keepsPixelsTogether
  }

  init(_ attributes: AttributeReader, hasMode: Bool) throws(GraphError) {
    size = try attributes.int("blocksize")
    guard size >= 1, size <= 1 << 16 else { throw attributes.bad("blocksize", "is \(size), must be 1 to 65536") }
    switch hasMode ? try attributes.string("mode", default: "DCR") : "DCR" {
    case "DCR": keepsPixelsTogether = false
    case "CRD": keepsPixelsTogether = true
    case let other: throw attributes.bad("mode", "is '\(other)', must be DCR or CRD")
    }
  }

  var attributes: [Attribute] {
    [.int("blocksize", size)] + (keepsPixelsTogether ? [.string("mode", "CRD")] : [])
  }

  /// By how many channels of the deep tensor the next channel of the wide tensor, the next row and the next column of a
  /// block are apart.
  func channelSteps(_ channels: Int) -> (channel: Int, row: Int, column: Int) {
    keepsPixelsTogether ? (size * size, size, 1) : (1, size * channels, channels)
  }
}
