import Text

/// Col2Im: blocks of pixels, a column each, added up to a picture. https://onnx.ai/onnx/operators/onnx__Col2Im.html,
/// opset 18.
///
/// Inputs: input `[N, C · pixels of a block, blocks]`, image_shape, block_shape (int64 vectors, a number for each
/// spatial axis; constant). Output: `[N, C, …image_shape]`. Blocks lie as the windows of a convolution do.
public struct Col2Im: OperatorDefinition {
  public static let name = "Col2Im"

  public enum Input {
    public static let data = OperatorInput(0, "input", .activation)
    public static let image = OperatorInput(1, "image_shape", .setting)
    public static let block = OperatorInput(2, "block_shape", .setting)
  }

  public static let inputs = [Input.data, Input.image, Input.block]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var strides: [Int]
  public var pads: [Int]
  public var dilations: [Int]

  public init(strides: [Int] = [], pads: [Int] = [], dilations: [Int] = []) {
    self.strides = strides
    self.pads = pads
    self.dilations = dilations
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    strides = try attributes.ints("strides", default: [])
    pads = try attributes.ints("pads", default: [])
    dilations = try attributes.ints("dilations", default: [])
    if strides.contains(where: { $0 < 1 }) { throw attributes.bad("strides", "must be at least 1") }
    if pads.contains(where: { $0 < 0 }) { throw attributes.bad("pads", "must not be negative") }
    if dilations.contains(where: { $0 < 1 }) { throw attributes.bad("dilations", "must be at least 1") }
  }

  public var attributes: [Attribute] {
    var list: [Attribute] = []
    if !strides.isEmpty { list.append(.ints("strides", strides)) }
    if !pads.isEmpty { list.append(.ints("pads", pads)) }
    if !dilations.isEmpty { list.append(.ints("dilations", dilations)) }
    return list
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let data = try inputs.required(Input.data)
    try inputs.check(Input.data, is: ElementType.numbers)
    let geometry = try geometry(inputs, data.shape)
    return [Fact(data.type, Shape([data.shape[0], geometry.channels] + geometry.image.extents))]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let data = try inputs.required(Input.data)
    let (channels, image, block, blocks) = try geometry(inputs.facts, data.shape)
    var result = try Tensor(zeros: Shape([data.shape[0], channels] + image.extents), type: data.type)
    guard result.count > 0, data.count > 0 else { return [result] }
    let (pixels, taps, columns, steps) = (image.count, block.count, blocks.count, image.strides)
    for tap in 0..<taps {
      // The blocks whose pixel `tap` lies in the picture, and where.
      var sources: [Int] = []
      var targets: [Int] = []
      for column in 0..<columns {
        var (restOfTap, restOfColumn, target, isInside) = (tap, column, 0, true)
        for axis in (0..<image.rank).reversed() {
          let place =
            restOfColumn % blocks[axis] * of(strides, axis) + restOfTap % block[axis] * of(dilations, axis)
            - (pads.isEmpty ? 0 : pads[axis])
          restOfTap /= block[axis]
          restOfColumn /= blocks[axis]
          isInside = isInside && place >= 0 && place < image[axis]
          target += isInside ? place * steps[axis] : 0
        }
        if isInside {
          sources.append(tap * columns + column)
          targets.append(target)
        }
      }
      for plane in 0..<data.shape[0] * channels {
        let updates = try data.runs(
          at: sources.map { plane * taps * columns + $0 }, of: 1, shape: [sources.count])
        result.scatter(updates, at: targets.map { plane * pixels + $0 }, of: 1, by: .add)
      }
    }
    return [result]
  }

  private func of(_ list: [Int], _ axis: Int) -> Int { list.isEmpty ? 1 : list[axis] }

  /// The channels of the picture, its extents, those of a block, and the number of blocks along each axis.
  private func geometry(
    _ inputs: Inputs<Fact>, _ data: Shape
  ) throws(GraphError) -> (channels: Int, image: Shape, block: Shape, blocks: Shape) {
    let image = try Shape(try inputs.ints(Input.image)).checked()
    let block = try Shape(try inputs.ints(Input.block)).checked()
    let rank = image.rank
    for (name, list, wanted) in [
      ("strides", strides, rank), ("dilations", dilations, rank), ("pads", pads, 2 * rank),
    ] where !list.isEmpty && list.count != wanted {
      throw GraphError(.badAttribute, "Col2Im: '\(name)' has \(list.count) numbers, needs \(wanted)")
    }
    guard data.rank == 3, rank >= 1, block.rank == rank, block.count > 0, data[1] % block.count == 0 else {
      throw .mismatch("Col2Im: input \(data), image_shape \(image) and block_shape \(block) do not fit")
    }
    var blocks: [Int] = []
    for axis in 0..<rank {
      let padded = image[axis] + (pads.isEmpty ? 0 : pads[axis] + pads[axis + rank])
      let room = padded - of(dilations, axis) * (block[axis] - 1) - 1
      blocks.append(room < 0 ? 0 : room / of(strides, axis) + 1)
    }
    guard try Shape(blocks).checked().count == data[2] else {
      throw .mismatch("Col2Im: input \(data) has \(data[2]) blocks, \(Shape(blocks)) fit the picture")
    }
    return (data[1] / block.count, image, block, Shape(blocks))
  }
}
