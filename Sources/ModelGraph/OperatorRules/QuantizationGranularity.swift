import Text

/// The granularity of scales: the common attributes of QuantizeLinear and DequantizeLinear.
public struct QuantizationGranularity: Sendable, Equatable {
  /// The axis of a vector of scales.
  public var axis: Int
  /// How many neighbours along `axis` share a scale; 0 where scales are one number or a vector.
  public var blockSize: Int

  public init(axis: Int = 1, blockSize: Int = 0) {
    self.axis = axis
    self.blockSize = blockSize
  }

  init(_ attributes: AttributeReader) throws(GraphError) {
    axis = attributes.opset >= 13 ? try attributes.int("axis", default: 1) : 1
    blockSize = attributes.opset >= 21 ? try attributes.int("block_size", default: 0) : 0
    guard blockSize >= 0 else { throw attributes.bad("block_size", "is \(blockSize), must not be negative") }
  }

  /// The attributes that differ from their defaults.
  var attributes: [Attribute] {
    (axis == 1 ? [] : [.int("axis", axis)]) + (blockSize == 0 ? [] : [.int("block_size", blockSize)])
  }

  /// Which scale belongs to which element of x. Throws E204 for a wrong number of scales or zero points.
  func grain(
    _ x: Shape, scale: Shape, zeroPoint: Shape?, of operatorName: String
  ) throws(GraphError) -> QuantizationGrain {
    if let zeroPoint, zeroPoint.count != scale.count {
      throw .mismatch("\(operatorName): the zero point is \(zeroPoint), but the scale \(scale)")
    }
    if scale.count == 1, scale.rank <= 1 { return .tensor }
    let axis = try x.axis(axis, of: operatorName)
    var expected: Shape = [x[axis]]
    if blockSize > 0 {
      expected = x
      expected[axis] = (x[axis] + blockSize - 1) / blockSize
    }
    guard scale == expected else {
      throw .mismatch("\(operatorName): the scale is \(scale), must be one number or \(expected) for x \(x)")
    }
    if blockSize == 0 { return .along(axis, of: x) }
    return .blocks(extent: x[axis], inner: x.extents[(axis + 1)...].reduce(1, *), size: blockSize)
  }
}
