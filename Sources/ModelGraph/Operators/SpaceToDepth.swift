import Text

/// SpaceToDepth: blocks of pixels become groups of channels.
/// https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html, opsets 1, 13 and 28 (`mode`).
///
/// Input: input `[N, C, H, W]`. Output: `[N, C·b², H/b, W/b]`. In mode DCR the channel is `(row · b + column) · C +
/// c`, in mode CRD `(c · b + row) · b + column`.
public struct SpaceToDepth: OperatorDefinition {
  public static let name = "SpaceToDepth"

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
    // Graph.opset has no mode; operators are made of their attributes in it all the same.
    block = try PixelBlock(attributes, hasMode: attributes.opset >= 28 || attributes.opset == Graph.opset)
  }

  public var attributes: [Attribute] { block.attributes }
  public var firstOpset: Int { block.keepsPixelsTogether ? 28 : Graph.opset }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    return [Fact(data.type, try shape(data.shape))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let (deep, strides, size) = (try shape(data.shape), data.shape.strides, block.size)
    // The axes of a channel, in the order of the output: row, column and channel, or channel, row and column.
    let pixel = [(size, strides[2]), (size, strides[3])]
    let channel = [(data.shape[1], strides[1])]
    let axes =
      [(data.shape[0], strides[0])] + (block.keepsPixelsTogether ? channel + pixel : pixel + channel)
      + [(deep[2], strides[2] * size), (deep[3], strides[3] * size)]
    let picked = try data.picking(Shape(axes.map { $0.0 })) { axis in (0..<axes[axis].0).map { $0 * axes[axis].1 } }
    return [try picked.reshaped(deep)]
  }

  private func shape(_ data: Shape) throws(GraphError) -> Shape {
    guard data.rank == 4 else { throw .wrongRank("SpaceToDepth: input", expected: 4, found: data.rank) }
    let size = block.size
    guard data[2] % size == 0, data[3] % size == 0 else {
      throw .mismatch("SpaceToDepth: \(data) is not made up of blocks of \(size) by \(size)")
    }
    return Shape([data[0], data[1].saturatingTimes(size * size), data[2] / size, data[3] / size])
  }
}
