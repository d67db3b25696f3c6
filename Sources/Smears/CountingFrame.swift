/// Which cells a field counts, so that large cells are as likely to be counted as small ones (Gundersen 1977).
///
/// A cell is counted where the lower right corner of its box lies. Corners count if the square of side ``reach`` above
/// and to the left of them lies within what the picture shows. So cells that cross the frame's left and upper sides are
/// in, and cells that the picture's right and lower borders cut are out. No counted cell is cut, as long as none is
/// larger than ``reach``.
struct CountingFrame {
  /// One and a half typical diameters, in pixels of the picture.
  let reach: Int
  private let width: Int
  private let height: Int
  /// Side of the blocks of ``hidden``, in pixels of the picture.
  private let side: Int
  private let columns: Int
  /// Number of blocks above and to the left of each block's corner that are not of the picture proper; empty if all are.
  private var hidden: [Int32] = []

  init(_ blocks: BlockMeans, factor: Int, width: Int, height: Int, diameter: Double) {
    reach = Int(diameter * 1.5)
    self.width = width
    self.height = height
    side = Background.block * factor
    columns = blocks.columns + 1
    if !blocks.hasOutside { return }
    hidden = [Int32](repeating: 0, count: columns * (blocks.rows + 1))
    for row in 0..<blocks.rows {
      var sum: Int32 = 0
      for column in 0..<blocks.columns {
        if blocks.isOutside[row * blocks.columns + column] { sum += 1 }
        hidden[(row + 1) * columns + column + 1] = hidden[row * columns + column + 1] + sum
      }
    }
  }

  /// The frame, nil if nothing can be counted.
  var box: PixelBox? {
    if width <= reach || height <= reach { return nil }
    return PixelBox(x: reach, y: reach, width: width - reach, height: height - reach)
  }

  func counts(_ box: PixelBox) -> Bool {
    let (right, bottom) = (box.x + box.width, box.y + box.height)
    guard right >= reach, bottom >= reach, right < width, bottom < height else { return false }
    if hidden.isEmpty { return true }
    let (x0, x1) = ((right - reach) / side, min((right - 1) / side + 1, columns - 1))
    let rows = hidden.count / columns
    let (y0, y1) = ((bottom - reach) / side, min((bottom - 1) / side + 1, rows - 1))
    guard x0 < x1, y0 < y1 else { return false }
    return hidden[y1 * columns + x1] - hidden[y1 * columns + x0] - hidden[y0 * columns + x1] + hidden[y0 * columns + x0]
      == 0
  }
}
