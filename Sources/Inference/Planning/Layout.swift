import ModelGraph

/// The order in which a value's elements lie in memory.
enum Layout {
  /// ONNX's: row-major as the shape says.
  case plain
  /// `[N, C, …]` with the channels innermost: NHWC.
  case channelsLast
}

extension Shape {
  /// Whether both layouts are the same bytes.
  var layoutsAgree: Bool { rank < 3 || self[1] == 1 || count == self[0] * self[1] || count == 0 }

  /// Positions of a plane: height × width.
  var planeCount: Int { extents.dropFirst(2).reduce(1, *) }
}
