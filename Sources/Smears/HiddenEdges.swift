import Imaging

extension Contour {
  /// The contour with arcs in place of its cuts: where a cell lies over another, its edge goes on in the circle that fits
  /// the edge that can be seen. The outlines of two such cells overlap then, as the cells do.
  ///
  /// - Parameters:
  ///   - diameter: of a typical cell in half pixels.
  ///   - mask: an arc never leaves what is stained.
  func completed(diameter: Double, within mask: Plane) -> Contour {
    var seen = 0
    for vertex in vertices where !vertex.isCut { seen += 1 }
    if seen == vertices.count || seen * 5 < vertices.count * 2 { return self }
    guard let circle = circle(), circle.radius > 0.36 * diameter, circle.radius < 0.7 * diameter else { return self }
    let count = vertices.count
    // The first vertex after a cut.
    guard let start = (0..<count).first(where: { !vertices[$0].isCut && vertices[($0 + count - 1) % count].isCut })
    else { return self }
    var result: [Vertex] = []
    var step = 0
    while step < count {
      let index = (start + step) % count
      result.append(vertices[index])
      step += 1
      if !vertices[index].isCut { continue }
      // From here to the next vertex that is not cut, which is the start at the latest.
      var length = 1
      while step < count, vertices[(start + step) % count].isCut {
        length += 1
        step += 1
      }
      let (from, to) = (vertices[index], vertices[(start + step) % count])
      let steps = max(length, Int(distance(from, to) / 2))
      for place in 1..<max(steps, 1) {
        let part = Double(place) / Double(steps)
        let kept = vertices[(index + place * length / steps) % count]
        result.append(circle.pushed(kept, from: from, to: to, part: part, diameter: diameter, mask: mask))
      }
    }
    return Contour(result)
  }

  private func distance(_ a: Vertex, _ b: Vertex) -> Double {
    let (x, y) = (Double(a.x - b.x), Double(a.y - b.y))
    return (x * x + y * y).squareRoot()
  }

  struct Circle {
    let x: Double
    let y: Double
    let radius: Double

    /// The point of the arc from `from` to `to` that lies behind a part of the way between them.
    fileprivate func pushed(
      _ kept: Vertex, from: Vertex, to: Vertex, part: Double, diameter: Double, mask: Plane
    ) -> Vertex {
      func length(_ x: Double, _ y: Double) -> Double { (x * x + y * y).squareRoot() }
      let startRadius = length(Double(from.x) - x, Double(from.y) - y)
      let endRadius = length(Double(to.x) - x, Double(to.y) - y)
      let radius = startRadius + (endRadius - startRadius) * part
      let atX = Double(from.x) + Double(to.x - from.x) * part - x
      let atY = Double(from.y) + Double(to.y - from.y) * part - y
      let chord = length(atX, atY)
      if chord < 0.05 * diameter || chord >= radius { return kept }
      if length(Double(kept.x) - x, Double(kept.y) - y) >= radius { return kept }
      let most = min(radius, chord + 0.4 * diameter)
      // From the outside in, as far as there is stain.
      var at = most
      while at > chord {
        let (px, py) = (x + atX * at / chord, y + atY * at / chord)
        let (column, row) = (Int(px / 2), Int(py / 2))
        if px >= 0, py >= 0, column < mask.width, row < mask.height, mask.bytes[row * mask.width + column] != 0 {
          return Vertex(x: Int32(px), y: Int32(py), isCut: true)
        }
        at -= 2
      }
      return kept
    }
  }

  /// The circle with the least squares of x² + y² − … over the vertices that are seen (Kåsa 1976).
  private func circle() -> Circle? {
    let origin = vertices[0]
    var (n, sx, sy, sxx, sxy, syy, sxz, syz, sz) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for vertex in vertices where !vertex.isCut {
      let (x, y) = (Double(vertex.x - origin.x), Double(vertex.y - origin.y))
      let z = x * x + y * y
      n += 1
      sx += x
      sy += y
      sxx += x * x
      sxy += x * y
      syy += y * y
      sxz += x * z
      syz += y * z
      sz += z
    }
    let (a, b, c) = (sxx - sx * sx / n, sxy - sx * sy / n, syy - sy * sy / n)
    let (d, e) = ((sxz - sx * sz / n) / 2, (syz - sy * sz / n) / 2)
    let determinant = a * c - b * b
    if determinant <= 1e-6 * a * c { return nil }
    let (x, y) = ((d * c - e * b) / determinant, (a * e - b * d) / determinant)
    let square = (sz - 2 * x * sx - 2 * y * sy) / n + x * x + y * y
    if !(square > 0) { return nil }
    return Circle(x: x + Double(origin.x), y: y + Double(origin.y), radius: square.squareRoot())
  }
}
