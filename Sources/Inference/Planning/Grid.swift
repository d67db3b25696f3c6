import ModelGraph

/// The quantisation of an 8-bit value: real = (q − zero) · scale.
struct Grid {
  let scale: Float
  let zero: Int32
  /// 1 for int8, 0 for uint8.
  let isSigned: Int32
  var low: Int32 { isSigned != 0 ? -128 : 0 }
  var high: Int32 { isSigned != 0 ? 127 : 255 }
}

/// A change of a value's quantisation.
struct GridChange {
  let from: Grid
  let to: Grid

  var isNone: Bool { from.scale == to.scale && from.zero == to.zero }
}

extension Planner {
  /// The grid of `value`, which the node states by a scale and a zero point. nil if they are not known, are one for
  /// each channel, or are numbers that kernels cannot divide by.
  func grid(
    of value: Graph.ValueID?, _ node: Graph.Node, _ scale: OperatorInput, _ zeroPoint: OperatorInput
  ) -> Grid? {
    guard let value, isByte(value), let scale = node[scale].flatMap({ constant($0) }),
      scale.type == .float32, scale.count == 1
    else { return nil }
    let isSigned: Int32 = type(value) == .int8 ? 1 : 0
    let number = scale.array(of: Float.self)[0]
    guard number >= .leastNormalMagnitude, number.isFinite else { return nil }
    guard let id = node[zeroPoint] else { return Grid(scale: number, zero: 0, isSigned: isSigned) }
    guard let points = constant(id)?.ints, points.count == 1, let zero = Int32(exactly: points[0]) else { return nil }
    let grid = Grid(scale: number, zero: zero, isSigned: isSigned)
    return (grid.low...grid.high).contains(zero) ? grid : nil
  }
}
