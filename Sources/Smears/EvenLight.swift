import Imaging

extension ReducedField {
  /// Divides every channel by its background: where nothing absorbs, all values become ``light``.
  func divide(by background: Background, lines: Scratch<Int32>) throws(ImagingError) {
    try ReducedField.divide(red, by: background.red, background.columns, background.rows, lines)
    try ReducedField.divide(green, by: background.green, background.columns, background.rows, lines)
    try ReducedField.divide(blue, by: background.blue, background.columns, background.rows, lines)
  }

  /// - Parameter values: at the centres of blocks; between them they change linearly.
  private static func divide(
    _ plane: Plane, by values: [Float], _ columns: Int, _ rows: Int, _ lines: Scratch<Int32>
  ) throws(ImagingError) {
    let (width, side) = (plane.width, Background.block)
    let nodes = try lines.room(columns + width)
    let gains = nodes + columns
    for y in 0..<plane.height {
      let (above, lower) = between(y, side, rows)
      let below = min(above + 1, rows - 1)
      let part = Float(lower) / Float(2 * side)
      for column in 0..<columns {
        let value = values[above * columns + column] * (1 - part) + values[below * columns + column] * part
        nodes[column] = Int32(Float(ReducedField.light * 65536) / value)
      }
      for x in 0..<width {
        let (left, part) = between(x, side, columns)
        let right = min(left + 1, columns - 1)
        gains[x] = (nodes[left] &* Int32(2 * side - part) &+ nodes[right] &* Int32(part)) / Int32(2 * side)
      }
      let line = plane.bytes + y * width
      for x in 0..<width {
        line[x] = UInt8(truncatingIfNeeded: min((Int32(line[x]) &* gains[x] &+ 32768) >> 16, 255))
      }
    }
  }

  /// The block whose centre lies before a pixel's, and how far behind it the pixel is, in units of half a pixel.
  private static func between(_ pixel: Int, _ side: Int, _ blocks: Int) -> (Int, Int) {
    let position = 2 * pixel + 1 - side
    if position <= 0 { return (0, 0) }
    return (min(position / (2 * side), blocks - 1), position % (2 * side))
  }
}
