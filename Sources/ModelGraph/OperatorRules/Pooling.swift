import Text

/// A pooling with every extent known: a window over each plane of an `[N, C, ((D,) H,) W]` input.
struct PoolingGeometry {
  /// N · C.
  var planeCount: Int
  var plane: WindowPlane
  /// `[N, C, ((oD,) oH,) oW]`.
  var outputShape: Shape
}

extension Window {
  /// The pooling of `x` by this window. Throws what ``plane(over:kernel:of:)`` throws.
  func pooled(_ x: Shape, of operatorName: String) throws(GraphError) -> PoolingGeometry {
    let plane = try plane(over: x, kernel: kernel, of: operatorName)
    return PoolingGeometry(
      planeCount: x[0] * x[1], plane: plane, outputShape: plane.outputShape(batch: x[0], channels: x[1]))
  }
}

/// `[N, C, 1, …]` for the global poolings of an input `[N, C, …]`; throws E205 for one without N and C.
func globallyPooled(_ x: Shape, of operatorName: String) throws(GraphError) -> Shape {
  guard x.rank >= 2 else {
    throw GraphError(.wrongRank, "\(operatorName): X is \(x), must be [N, C, height, width] or alike")
  }
  return Shape([x[0], x[1]] + [Int](repeating: 1, count: x.rank - 2))
}
