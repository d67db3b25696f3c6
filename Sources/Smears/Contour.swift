import Imaging

/// The border of a region as a closed polygon, clockwise on the screen, in half pixels of the reduced field.
struct Contour {
  struct Vertex: Equatable {
    var x: Int32
    var y: Int32
    /// Whether the side from this vertex to the next one parts two touching cells, so that it is not an edge that can be seen.
    var isCut: Bool
  }

  var vertices: [Vertex]

  /// The outer border of region `number`, through the middles of the sides of its pixels. The walk starts at the region's
  /// first pixel. The region is connected along rows, columns and diagonals.
  init(_ labels: Labels, _ number: Int32, first: Int) {
    let (width, height) = (labels.width, labels.height)
    func label(_ x: Int, _ y: Int) -> Int32 {
      x >= 0 && y >= 0 && x < width && y < height ? labels.numbers[y * width + x] : 0
    }
    let start = (x: first % width, y: first / width)
    // A corner of pixels, and the direction of the side that is walked next; the region is to the right.
    var (x, y) = start
    var (dx, dy) = (1, 0)
    vertices = []
    repeat {
      // The pixel to the left of the side.
      let across = label(x + (dx + dy - 1) / 2, y + (dy - dx - 1) / 2)
      vertices.append(Vertex(x: Int32(2 * x + dx), y: Int32(2 * y + dy), isCut: across != 0))
      x += dx
      y += dy
      let left = label(x + (dx + dy - 1) / 2, y + (dy - dx - 1) / 2) == number
      let right = label(x + (dx - dy - 1) / 2, y + (dy + dx - 1) / 2) == number
      if left { (dx, dy) = (dy, -dx) } else if !right { (dx, dy) = (-dy, dx) }
    } while x != start.x || y != start.y || dx != 1 || dy != 0
  }

  init(_ vertices: [Vertex]) { self.vertices = vertices }

  /// The smallest box of whole pixels of the picture that holds the polygon.
  func box(scale: Int) -> PixelBox {
    var (left, top, right, bottom) = (Int32.max, Int32.max, Int32.min, Int32.min)
    for vertex in vertices {
      (left, right) = (min(left, vertex.x), max(right, vertex.x))
      (top, bottom) = (min(top, vertex.y), max(bottom, vertex.y))
    }
    let (x, y) = (Int(left) * scale / 2, Int(top) * scale / 2)
    return PixelBox(
      x: x, y: y, width: (Int(right) * scale + 1) / 2 - x, height: (Int(bottom) * scale + 1) / 2 - y)
  }

  /// The polygon in pixels of the picture, without vertices that lie on the line between their neighbours.
  func outline(scale: Int) -> CellOutline {
    var points: [CellOutline.Point] = []
    let half = Float(scale) / 2
    for index in 0..<vertices.count {
      let (a, b) = (vertices[index == 0 ? vertices.count - 1 : index - 1], vertices[index])
      let c = vertices[index + 1 == vertices.count ? 0 : index + 1]
      if (b.x - a.x) * (c.y - b.y) != (b.y - a.y) * (c.x - b.x) {
        points.append(CellOutline.Point(x: Float(b.x) * half, y: Float(b.y) * half))
      }
    }
    return CellOutline(points: points)
  }
}

/// Sums over a polygon from which its area, its moments and its hull follow.
struct ContourShape {
  /// In square half pixels.
  private(set) var area = 0.0
  private(set) var solidity = 0.0
  private(set) var ellipticity = 0.0

  init(_ vertices: [Contour.Vertex]) {
    guard vertices.count > 2 else { return }
    var (twice, sx, sy, sxx, sxy, syy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    let origin = vertices[0]
    var a = vertices[vertices.count - 1]
    for b in vertices {
      let (ax, ay) = (Double(a.x - origin.x), Double(a.y - origin.y))
      let (bx, by) = (Double(b.x - origin.x), Double(b.y - origin.y))
      let cross = ax * by - bx * ay
      twice += cross
      sx += cross * (ax + bx)
      sy += cross * (ay + by)
      sxx += cross * (ax * ax + ax * bx + bx * bx)
      syy += cross * (ay * ay + ay * by + by * by)
      sxy += cross * (ax * (2 * ay + by) + bx * (ay + 2 * by))
      a = b
    }
    area = twice / 2
    guard area > 0 else { return }
    let (x, y) = (sx / (6 * area), sy / (6 * area))
    let xx = sxx / (12 * area) - x * x
    let yy = syy / (12 * area) - y * y
    let xy = sxy / (24 * area) - x * y
    let determinant = xx * yy - xy * xy
    // Half axes are twice the roots of the moments.
    ellipticity = determinant > 0 ? min(area / (4 * Double.pi * determinant.squareRoot()), 1) : 0
    solidity = min(area / ContourShape.hullArea(vertices), 1)
  }

  /// The area alone, in square half pixels.
  static func area(_ vertices: [Contour.Vertex]) -> Double {
    guard vertices.count > 2 else { return 0 }
    var twice = 0
    var a = vertices[vertices.count - 1]
    for b in vertices {
      twice += Int(a.x) * Int(b.y) - Int(b.x) * Int(a.y)
      a = b
    }
    return Double(twice) / 2
  }

  /// The hull of the leftmost and rightmost vertices of each row: no other vertex can be a corner of it. Rows are in
  /// order, so that nothing is sorted.
  private static func hullArea(_ vertices: [Contour.Vertex]) -> Double {
    var (top, bottom) = (Int32.max, Int32.min)
    for vertex in vertices { (top, bottom) = (min(top, vertex.y), max(bottom, vertex.y)) }
    let rows = Int(bottom - top) + 1
    var ends = [Int32](repeating: Int32.max, count: 2 * rows)
    var chain = [Int32](repeating: 0, count: rows)
    var twice = 0
    ends.withUnsafeMutableBufferPointer { ends in
      chain.withUnsafeMutableBufferPointer { chain in
        // Of the right side the negative columns, so that both sides are the same task.
        for vertex in vertices {
          let row = Int(vertex.y - top)
          ends[row] = min(ends[row], vertex.x)
          ends[rows + row] = min(ends[rows + row], -vertex.x)
        }
        for side in 0..<2 {
          let columns = side * rows
          // Rows of the corners of the hull.
          var count = 0
          for row in 0..<rows where ends[columns + row] != Int32.max {
            let x = Int(ends[columns + row])
            while count >= 2 {
              let (a, b) = (Int(chain[count - 2]), Int(chain[count - 1]))
              let (ax, bx) = (Int(ends[columns + a]), Int(ends[columns + b]))
              // b is a corner if it lies before the line from a to this vertex.
              if (bx - ax) * (row - a) < (x - ax) * (b - a) { break }
              count -= 1
            }
            chain[count] = Int32(row)
            count += 1
          }
          for index in 1..<max(count, 1) {
            let (a, b) = (Int(chain[index - 1]), Int(chain[index]))
            twice -= (Int(ends[columns + a]) + Int(ends[columns + b])) * (b - a)
          }
        }
      }
    }
    return max(Double(twice) / 2, 1)
  }
}
