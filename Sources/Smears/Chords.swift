/// Parts regions that hold more than one cell by chords between the dents of their contours.
///
/// Cells that overlap far leave no waist for the watershed, but still two dents where their edges cross.
struct Chords {
  /// Area of a typical red cell in square half pixels, and its diameter in half pixels.
  let cellArea: Double
  let diameter: Double
  let parting: Parting

  init(_ parting: Parting) {
    self.parting = parting
    cellArea = 4 * parting.cellArea
    diameter = 2 * (cellArea / Double.pi).squareRoot()
  }

  /// The cells of a region: itself, or its parts.
  func cells(_ contour: Contour) -> [Contour] {
    var open = [contour]
    var closed: [Contour] = []
    while let next = open.popLast() {
      if let (a, b) = parts(next), open.count + closed.count < 40 {
        open.append(a)
        open.append(b)
      } else {
        closed.append(next)
      }
    }
    return closed
  }

  private func worth(_ vertices: [Contour.Vertex]) -> Double {
    let shape = ContourShape(vertices)
    return shape.area
      * parting.quality(
        size: shape.area / cellArea, solidity: shape.solidity, ellipticity: shape.ellipticity, isCut: false)
  }

  private func parts(_ contour: Contour) -> (Contour, Contour)? {
    let vertices = contour.vertices
    let count = vertices.count
    let whole = ContourShape(vertices)
    if whole.area < 0.7 * cellArea { return nil }
    let quality = parting.quality(
      size: whole.area / cellArea, solidity: whole.solidity, ellipticity: whole.ellipticity, isCut: false)
    if quality > 0.95 { return nil }
    let dents = dents(vertices)
    if dents.isEmpty { return nil }
    var best = whole.area * quality + 0.15 * cellArea
    var result: (Contour, Contour)?
    func attempt(_ from: Int, _ to: Int) {
      let (a, b) = (min(from, to), max(from, to))
      if b - a < 8 || count - (b - a) < 8 { return }
      var first = Array(vertices[a...b])
      first[first.count - 1].isCut = true
      var second = Array(vertices[b...]) + Array(vertices[...a])
      second[second.count - 1].isCut = true
      let value = worth(first) + worth(second)
      if value > best { (best, result) = (value, (Contour(first), Contour(second))) }
    }
    for i in 0..<dents.count {
      for j in 0..<i where distance(vertices[dents[i]], vertices[dents[j]]) < 1.1 * diameter {
        attempt(dents[i], dents[j])
      }
      if let opposite = opposite(dents[i], vertices) { attempt(dents[i], opposite) }
    }
    return result
  }

  func distance(_ a: Contour.Vertex, _ b: Contour.Vertex) -> Double {
    let (x, y) = (Double(a.x - b.x), Double(a.y - b.y))
    return (x * x + y * y).squareRoot()
  }

  /// The nearest vertex that is at least a third of a circumference away along the contour.
  private func opposite(_ dent: Int, _ vertices: [Contour.Vertex]) -> Int? {
    let count = vertices.count
    // Vertices lie 1 to 2 half pixels apart.
    let away = Int(diameter * 0.6)
    if 2 * away >= count { return nil }
    var (best, nearest) = (-1, 0.95 * diameter)
    for step in away...(count - away) {
      let index = (dent + step) % count
      let distance = distance(vertices[dent], vertices[index])
      if distance < nearest { (best, nearest) = (index, distance) }
    }
    return best < 0 ? nil : best
  }

  /// Vertices at the bottom of dents: deeper than the chord between their neighbours at a fifth of a diameter.
  func dents(_ vertices: [Contour.Vertex]) -> [Int] {
    let count = vertices.count
    let reach = max(Int(diameter * 0.14), 2)
    if count < 4 * reach { return [] }
    var depths = [Double](repeating: 0, count: count)
    for index in 0..<count {
      let (a, b, c) = (vertices[(index + count - reach) % count], vertices[index], vertices[(index + reach) % count])
      let cross = Int(b.x - a.x) * Int(c.y - a.y) - Int(b.y - a.y) * Int(c.x - a.x)
      // Clockwise on the screen: positive for corners that stick out.
      if cross < 0 { depths[index] = Double(-cross) / max(distance(a, c), 1) }
    }
    var result: [Int] = []
    let least = 0.02 * diameter
    for index in 0..<count where depths[index] > least {
      var isTop = true
      for step in 1...reach {
        if depths[(index + step) % count] > depths[index] || depths[(index + count - step) % count] >= depths[index] {
          isTop = false
          break
        }
      }
      if isTop { result.append(index) }
    }
    return result
  }
}
