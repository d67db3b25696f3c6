/// Follows the borders of regions.
enum Outlines {
  /// The outer border of a region that is connected along rows, columns and diagonals, through the middles of the
  /// pixels' sides, multiplied by `scale`. The walk starts at the region's first pixel.
  static func polygon(_ labels: Labels, _ number: Int32, first: Int, scale: Int) -> CellOutline {
    let (width, height) = (labels.width, labels.height)
    func isInside(_ x: Int, _ y: Int) -> Bool {
      x >= 0 && y >= 0 && x < width && y < height && labels.numbers[y * width + x] == number
    }
    let start = (x: first % width, y: first / width)
    // A corner of pixels, and the direction of the side that is walked next; the region is to the right.
    var (x, y) = start
    var (dx, dy) = (1, 0)
    var points: [CellOutline.Point] = []
    let half = Float(scale) / 2
    repeat {
      points.append(CellOutline.Point(x: Float(2 * x + dx) * half, y: Float(2 * y + dy) * half))
      x += dx
      y += dy
      // The two pixels before the corner, to the left and to the right of the direction.
      let left = isInside(x + (dx + dy - 1) / 2, y + (dy - dx - 1) / 2)
      let right = isInside(x + (dx - dy - 1) / 2, y + (dy + dx - 1) / 2)
      if left { (dx, dy) = (dy, -dx) } else if !right { (dx, dy) = (-dy, dx) }
    } while x != start.x || y != start.y || dx != 1 || dy != 0
    return CellOutline(points: straightened(points))
  }

  /// Without the points that lie on the line between their neighbours.
  private static func straightened(_ points: [CellOutline.Point]) -> [CellOutline.Point] {
    var kept: [CellOutline.Point] = []
    for index in 0..<points.count {
      let (a, b) = (points[index == 0 ? points.count - 1 : index - 1], points[index])
      let c = points[index + 1 == points.count ? 0 : index + 1]
      if (b.x - a.x) * (c.y - b.y) != (b.y - a.y) * (c.x - b.x) { kept.append(b) }
    }
    return kept
  }
}
