import Text

/// What is known of a region of pixels by sums over them: enough to say how round it is, and to join two regions without
/// looking at their pixels again.
struct Shape {
  /// A corner of a pixel.
  struct Corner: Equatable {
    var x: Int32
    var y: Int32
  }

  var area = 0
  /// Columns `left..<right` and rows `top..<bottom`.
  var left = Int.max
  var top = Int.max
  var right = 0
  var bottom = 0
  /// Σ x, y, x², xy, y² over pixels.
  private var sums = (0, 0, 0, 0, 0)
  /// The convex hull of the pixels' corners, counterclockwise in a system with y upwards.
  private(set) var hull: [Corner] = []

  /// Whether it reaches the border of a plane.
  func touchesBorder(width: Int, height: Int) -> Bool { left == 0 || top == 0 || right == width || bottom == height }

  var centre: (x: Double, y: Double) {
    (Double(sums.0) / Double(max(area, 1)), Double(sums.1) / Double(max(area, 1)))
  }

  /// Adds pixels `from..<to` of row `y`.
  mutating func add(from: Int, to: Int, y: Int) {
    let count = to - from
    let sum = (from + to - 1) * count / 2
    // Σ x² below n is (n − 1) n (2n − 1) / 6.
    func squares(_ n: Int) -> Int { (n - 1) * n * (2 * n - 1) / 6 }
    area += count
    sums.0 += sum
    sums.1 += y * count
    sums.2 += squares(to) - squares(from)
    sums.3 += y * sum
    sums.4 += y * y * count
    left = min(left, from)
    right = max(right, to)
    top = min(top, y)
    bottom = max(bottom, y + 1)
  }

  /// - Parameter corners: the corners of the first and the last pixel of each row, sorted by y, then by x.
  mutating func setHull(_ corners: [Corner]) { hull = Shape.hull(corners) }

  /// The shape of both regions together.
  func joined(_ other: Shape) -> Shape {
    var result = self
    result.area += other.area
    result.left = min(left, other.left)
    result.right = max(right, other.right)
    result.top = min(top, other.top)
    result.bottom = max(bottom, other.bottom)
    result.sums = (
      sums.0 + other.sums.0, sums.1 + other.sums.1, sums.2 + other.sums.2, sums.3 + other.sums.3, sums.4 + other.sums.4
    )
    var corners = hull + other.hull
    corners = corners.inOrder { $0.y != $1.y ? $0.y < $1.y : $0.x < $1.x }
    result.hull = Shape.hull(corners)
    return result
  }

  /// Area divided by the area of the convex hull: 1 for a convex region, less by what its dents take away.
  var solidity: Double {
    var twice = 0
    for index in 0..<hull.count {
      let (a, b) = (hull[index], hull[index + 1 == hull.count ? 0 : index + 1])
      twice += Int(a.x) * Int(b.y) - Int(b.x) * Int(a.y)
    }
    // The hull of a disc of pixels is larger than the disc by about half its circumference in pixels' corners.
    return twice == 0 ? 0 : min(2 * Double(area) / Double(abs(twice)), 1)
  }

  /// Half axes of the ellipse with the region's moments, the long one first.
  var axes: (long: Double, short: Double) {
    let n = Double(max(area, 1))
    let (x, y) = centre
    let xx = Double(sums.2) / n - x * x + 1.0 / 12
    let xy = Double(sums.3) / n - x * y
    let yy = Double(sums.4) / n - y * y + 1.0 / 12
    let middle = (xx + yy) / 2
    let spread = ((xx - yy) * (xx - yy) / 4 + xy * xy).squareRoot()
    return (2 * (middle + spread).squareRoot(), 2 * max(middle - spread, 0.01).squareRoot())
  }

  /// Area divided by the area of the ellipse with the same moments: 1 for an ellipse, less for any other shape.
  var ellipticity: Double {
    let (long, short) = axes
    return min(Double(area) / (Double.pi * long * short), 1)
  }

  /// Andrew's monotone chain.
  private static func hull(_ sorted: [Corner]) -> [Corner] {
    guard sorted.count > 2 else { return sorted }
    var hull: [Corner] = []
    func isRightTurn(_ c: Corner) -> Bool {
      let (a, b) = (hull[hull.count - 2], hull[hull.count - 1])
      return Int(b.x - a.x) * Int(c.y - a.y) - Int(b.y - a.y) * Int(c.x - a.x) <= 0
    }
    for corner in sorted {
      while hull.count >= 2, isRightTurn(corner) { hull.removeLast() }
      hull.append(corner)
    }
    let lower = hull.count + 1
    for corner in sorted.reversed().dropFirst() {
      while hull.count >= lower, isRightTurn(corner) { hull.removeLast() }
      hull.append(corner)
    }
    hull.removeLast()
    return hull
  }

  /// The shapes of all regions without their hulls; index 0 is empty.
  static func extents(_ labels: Labels) -> [Shape] {
    var shapes = [Shape](repeating: Shape(), count: labels.count + 1)
    labels.forEachRun { label, from, to, y in shapes[label].add(from: from, to: to, y: y) }
    return shapes
  }

  /// The shapes of all regions; index 0 is empty.
  static func all(_ labels: Labels) -> [Shape] {
    var shapes = [Shape](repeating: Shape(), count: labels.count + 1)
    struct Run {
      let label: Int32
      let from: Int32
      let to: Int32
      let y: Int32
    }
    var runs: [Run] = []
    labels.forEachRun { label, from, to, y in
      shapes[label].add(from: from, to: to, y: y)
      runs.append(Run(label: Int32(label), from: Int32(from), to: Int32(to), y: Int32(y)))
    }
    // First and last pixel of each row of each region.
    var starts = [Int](repeating: 0, count: shapes.count)
    var total = 0
    for label in 1..<max(shapes.count, 1) {
      starts[label] = total
      total += max(shapes[label].bottom - shapes[label].top, 0)
    }
    var firsts = [Int32](repeating: Int32.max, count: total)
    var lasts = [Int32](repeating: -1, count: total)
    for run in runs {
      let label = Int(run.label)
      let at = starts[label] + Int(run.y) - shapes[label].top
      firsts[at] = min(firsts[at], run.from)
      lasts[at] = max(lasts[at], run.to)
    }
    var corners: [Corner] = []
    for label in 1..<max(shapes.count, 1) where shapes[label].area > 0 {
      corners.removeAll(keepingCapacity: true)
      let (top, bottom) = (shapes[label].top, shapes[label].bottom)
      // On each line between rows, the outermost corners of the rows above and below.
      for y in top...bottom {
        var (first, last) = (Int32.max, Int32(-1))
        if y > top {
          first = min(first, firsts[starts[label] + y - 1 - top])
          last = max(last, lasts[starts[label] + y - 1 - top])
        }
        if y < bottom {
          first = min(first, firsts[starts[label] + y - top])
          last = max(last, lasts[starts[label] + y - top])
        }
        if last < 0 { continue }
        corners.append(Corner(x: first, y: Int32(y)))
        corners.append(Corner(x: last, y: Int32(y)))
      }
      shapes[label].setHull(corners)
    }
    return shapes
  }
}
