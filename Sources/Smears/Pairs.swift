import Imaging

/// Parts two cells that lie on each other so far that their common outline has no dents, by the edges within it.
///
/// Half of each cell can be seen, at one end of the outline. Light passes through both cells where the other halves lie,
/// so that contrast falls outwards across a hidden edge. Ellipses are tried at both ends of eight directions; the two
/// with the most fall along their hidden halves are taken for the cells, if that and the outline speak for a pair.
struct Pairs {
  /// Area of a typical red cell in square half pixels, and its diameter in half pixels.
  private let cellArea: Double
  private let diameter: Double
  private let smooth: Plane

  init(_ chords: Chords, _ smooth: Plane) {
    cellArea = chords.cellArea
    diameter = chords.diameter
    self.smooth = smooth
  }

  /// The two cells of a contour; nil if it is one cell for all that can be seen.
  func cells(_ contour: Contour) -> (Contour, Contour)? {
    let vertices = contour.vertices
    let size = ContourShape.area(vertices) / cellArea
    if size < 0.9 || size > 2.5 || smooth.width < 2 || smooth.height < 2 { return nil }
    var cuts = 0
    var (x, y) = (0.0, 0.0)
    for vertex in vertices {
      x += Double(vertex.x)
      y += Double(vertex.y)
      if vertex.isCut { cuts += 1 }
    }
    // What lies against other cells has no outline to go by.
    let cut = Double(cuts) / Double(vertices.count)
    if cut > 0.3 { return nil }
    let origin = (x: x / Double(vertices.count), y: y / Double(vertices.count))
    let profiles = Pairs.directions.map { Profile(vertices, origin, $0) }
    var width = Double.infinity
    for profile in profiles { width = min(width, profile.last - profile.first) }
    if 6.8 * size - 8 * width / diameter < -0.8 { return nil }
    var best: (profile: Profile, lower: Half, upper: Half)?
    var worth = 0.0
    for profile in profiles {
      let length = profile.last - profile.first
      if length < 0.9 * diameter || length > 2.2 * diameter { continue }
      let lowers = halves(profile, -1)
      let uppers = halves(profile, 1)
      for lower in lowers {
        for upper in uppers {
          if 2 * (lower.along + upper.along) < 0.96 * length { continue }
          if upper.centre - lower.centre < 0.22 * diameter { continue }
          let sum = lower.fall + upper.fall + 0.5 * min(lower.fall, upper.fall)
          if sum > worth { (best, worth) = ((profile, lower, upper), sum) }
        }
      }
    }
    guard let best, min(best.lower.fall, best.upper.fall) > 0 else { return nil }
    // Fitted to outlines of one cell and of two (logistic regression): two cells are large but not wide, contrast falls
    // along all that can be seen of both edges, much along one, and their edges cross near the outline.
    let fall = max(best.lower.fall, best.upper.fall)
    if fall < 5 { return nil }
    let evidence =
      6.8 * size + 0.094 * fall + 2.8 * min(best.lower.share, best.upper.share)
      - 16 * max(best.lower.across, best.upper.across) / diameter - 7.2 * cut
      - 0.37 * Double(max(best.lower.points, best.upper.points))
    if evidence < Pairs.least { return nil }
    return (cell(vertices, best.profile, best.lower, -1), cell(vertices, best.profile, best.upper, 1))
  }

  private static let least = 2.7

  /// An ellipse whose axes lie along and across a direction, at one end of an outline.
  private struct Half {
    /// Its centre, along and across, and its half axes.
    var centre: Double
    var middle: Double
    var along: Double
    var across: Double
    /// Mean fall of contrast outwards across the hidden edge; the share of its points where it falls; their number.
    var fall = 0.0
    var share = 0.0
    var points = 0
  }

  /// An outline seen along a direction: its lowest and highest place across it, by place along it, a pixel each.
  private struct Profile {
    let origin: (x: Double, y: Double)
    let direction: (x: Double, y: Double)
    let first: Double
    let last: Double
    private var lows: [Double]
    private var highs: [Double]

    init(_ vertices: [Contour.Vertex], _ origin: (x: Double, y: Double), _ direction: (x: Double, y: Double)) {
      self.origin = origin
      self.direction = direction
      var (least, most) = (Double.infinity, -Double.infinity)
      for vertex in vertices {
        let along = (Double(vertex.x) - origin.x) * direction.x + (Double(vertex.y) - origin.y) * direction.y
        (least, most) = (min(least, along), max(most, along))
      }
      (first, last) = (least, most)
      let count = Int(most - least) / 2 + 1
      lows = [Double](repeating: Double.infinity, count: count)
      highs = [Double](repeating: -Double.infinity, count: count)
      for vertex in vertices {
        let place = place(vertex)
        let index = min(Int((place.along - least) / 2), count - 1)
        lows[index] = min(lows[index], place.across)
        highs[index] = max(highs[index], place.across)
      }
      for index in 1..<max(count, 1) where lows[index] > highs[index] {
        (lows[index], highs[index]) = (lows[index - 1], highs[index - 1])
      }
    }

    func place(_ vertex: Contour.Vertex) -> (along: Double, across: Double) {
      let (x, y) = (Double(vertex.x) - origin.x, Double(vertex.y) - origin.y)
      return (x * direction.x + y * direction.y, y * direction.x - x * direction.y)
    }

    func point(_ along: Double, _ across: Double) -> (x: Double, y: Double) {
      (
        origin.x + along * direction.x - across * direction.y, origin.y + along * direction.y + across * direction.x
      )
    }

    func extent(_ along: Double) -> (low: Double, high: Double) {
      let index = min(max(Int((along - first) / 2), 0), lows.count - 1)
      return (lows[index], highs[index])
    }

    /// Whether a place is so far within the outline that its edge is not felt.
    func isWithin(_ along: Double, _ across: Double) -> Bool {
      if along < first + 3 || along > last - 3 { return false }
      let (low, high) = extent(along)
      return across > low + 4 && across < high - 4
    }
  }

  /// The ellipses that are tried at the first (−1) or last (1) end of a profile.
  private func halves(_ profile: Profile, _ side: Double) -> [Half] {
    var halves: [Half] = []
    for step in 0..<16 {
      let along = (0.28 + 0.025 * Double(step)) * diameter
      if 2 * along > 0.92 * (profile.last - profile.first) { break }
      let centre = (side > 0 ? profile.last : profile.first) - side * along
      let (low, high) = profile.extent(centre)
      var half = Half(centre: centre, middle: (low + high) / 2, along: along, across: (high - low) / 2)
      let size = Double.pi * half.across * along / cellArea
      if half.across < 0.55 * along || half.across > 1.8 * along || size < 0.35 || size > 1.7 { continue }
      if measure(&half, profile, side) { halves.append(half) }
    }
    return halves
  }

  /// Measures the fall of contrast within 50° of the point farthest from the end. False if too little lies within the
  /// outline.
  private func measure(_ half: inout Half, _ profile: Profile, _ side: Double) -> Bool {
    let reach = 0.06 * diameter
    var (sum, falls) = (0.0, 0)
    for (cosine, sine) in Pairs.arc {
      let (along, across) = (half.centre - side * half.along * cosine, half.middle + half.across * sine)
      var (outAlong, outAcross) = (-side * cosine / half.along, sine / half.across)
      let length = (outAlong * outAlong + outAcross * outAcross).squareRoot()
      (outAlong, outAcross) = (outAlong / length * reach, outAcross / length * reach)
      if !profile.isWithin(along, across) || !profile.isWithin(along + 1.5 * outAlong, across + 1.5 * outAcross) {
        continue
      }
      let fall =
        contrast(profile.point(along - outAlong, across - outAcross))
        - contrast(profile.point(along + outAlong, across + outAcross))
      sum += min(max(fall, -40), 40)
      if fall > 3 { falls += 1 }
      half.points += 1
    }
    if half.points < 5 { return false }
    half.fall = sum / Double(half.points)
    half.share = Double(falls) / Double(half.points)
    return true
  }

  /// The contrast at a point in half pixels, between the centres of four pixels.
  private func contrast(_ point: (x: Double, y: Double)) -> Double {
    let x = min(max((point.x - 1) / 2, 0), Double(smooth.width - 2))
    let y = min(max((point.y - 1) / 2, 0), Double(smooth.height - 2))
    let (column, row) = (Int(x), Int(y))
    let (right, down) = (x - Double(column), y - Double(row))
    let at = smooth.bytes + row * smooth.width + column
    let above = Double(at[0]) * (1 - right) + Double(at[1]) * right
    let below = Double(at[smooth.width]) * (1 - right) + Double(at[smooth.width + 1]) * right
    return above * (1 - down) + below * down
  }

  /// What can be seen of a cell, and half of its ellipse.
  private func cell(_ vertices: [Contour.Vertex], _ profile: Profile, _ half: Half, _ side: Double) -> Contour {
    func isSeen(_ vertex: Contour.Vertex) -> Bool { (profile.place(vertex).along - half.centre) * side >= 0 }
    let count = vertices.count
    let start = (0..<count).first { isSeen(vertices[$0]) && !isSeen(vertices[($0 + count - 1) % count]) } ?? 0
    var result: [Contour.Vertex] = []
    for step in 0..<count where isSeen(vertices[(start + step) % count]) {
      result.append(vertices[(start + step) % count])
    }
    guard let from = result.last, let to = result.first else { return Contour(vertices) }
    // From the side where the outline was left to the other one.
    let turn: Double = profile.place(from).across > profile.place(to).across ? 1 : -1
    for (cosine, sine) in Pairs.halfCircle {
      let along = half.centre - side * half.along * sine
      let (low, high) = profile.extent(along)
      let across = min(max(half.middle + turn * half.across * cosine, low), high)
      let (x, y) = profile.point(along, across)
      result.append(Contour.Vertex(x: Int32(x), y: Int32(y), isCut: true))
    }
    return Contour(result)
  }

  /// Every 22.5°.
  private static let directions: [(x: Double, y: Double)] = [
    (1, 0), (0.9239, 0.3827), (0.7071, 0.7071), (0.3827, 0.9239), (0, 1), (-0.3827, 0.9239), (-0.7071, 0.7071),
    (-0.9239, 0.3827),
  ]

  /// Cosine and sine of −50° to 50°, every 10°.
  private static let arc: [(Double, Double)] = [
    (0.6428, -0.7660), (0.7660, -0.6428), (0.8660, -0.5), (0.9397, -0.3420), (0.9848, -0.1736), (1, 0),
    (0.9848, 0.1736), (0.9397, 0.3420), (0.8660, 0.5), (0.7660, 0.6428), (0.6428, 0.7660),
  ]

  /// Cosine and sine of 0° to 180°, every 22.5°.
  private static let halfCircle: [(Double, Double)] = [
    (1, 0), (0.9239, 0.3827), (0.7071, 0.7071), (0.3827, 0.9239), (0, 1), (-0.3827, 0.9239), (-0.7071, 0.7071),
    (-0.9239, 0.3827), (-1, 0),
  ]
}
