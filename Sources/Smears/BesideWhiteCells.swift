import Imaging

/// Red cells that lie against a white cell and were taken into it, because they are pale or bluish.
///
/// The outline has a dent on either side of such a cell. What a chord between two dents cuts off is a red cell if it has a
/// red cell's shape, is no crumb, and holds next to no nucleus.
struct BesideWhiteCells {
  private let chords: Chords
  private let nuclei: Plane

  init(_ chords: Chords, _ nuclei: Plane) {
    self.chords = chords
    self.nuclei = nuclei
  }

  /// The white cell, and the red cells that were parted from it.
  func parted(_ contour: Contour) -> (white: Contour, red: [Contour]) {
    var (white, red) = (contour, [Contour]())
    while red.count < 8, let (rest, cell) = parts(white) {
      white = rest
      red.append(cell)
    }
    return (white, red)
  }

  private func parts(_ contour: Contour) -> (rest: Contour, cell: Contour)? {
    let vertices = contour.vertices
    let count = vertices.count
    let dents = chords.dents(vertices)
    if dents.isEmpty { return nil }
    var best = 0.75
    var result: (rest: Contour, cell: Contour)?
    func attempt(_ from: Int, _ to: Int) {
      let (a, b) = (min(from, to), max(from, to))
      if b - a < 8 || count - (b - a) < 8 { return }
      for isOuter in [false, true] {
        var part = isOuter ? Array(vertices[b...]) + Array(vertices[...a]) : Array(vertices[a...b])
        part[part.count - 1].isCut = true
        let quality = quality(part)
        if quality <= best || nucleus(part) > 0.08 { continue }
        var rest = isOuter ? Array(vertices[a...b]) : Array(vertices[b...]) + Array(vertices[...a])
        rest[rest.count - 1].isCut = true
        if ContourShape.area(rest) < 0.5 * chords.cellArea { continue }
        (best, result) = (quality, (Contour(rest), Contour(part)))
      }
    }
    for i in 0..<dents.count {
      for j in 0..<i where chords.distance(vertices[dents[i]], vertices[dents[j]]) < 0.9 * chords.diameter {
        attempt(dents[i], dents[j])
      }
    }
    return result
  }

  /// Of a part as a red cell, 0 to 1.
  private func quality(_ vertices: [Contour.Vertex]) -> Double {
    let shape = ContourShape(vertices)
    let size = shape.area / chords.cellArea
    if size < 0.4 { return 0 }
    return chords.parting.quality(size: size, solidity: shape.solidity, ellipticity: shape.ellipticity, isCut: true)
  }

  /// The share of nuclei in the area of a part.
  private func nucleus(_ vertices: [Contour.Vertex]) -> Double {
    let outline = Contour(vertices).outline(scale: 1)
    let box = Contour(vertices).box(scale: 1)
    var (stained, all) = (0, 0)
    let rows = (box.y..<(box.y + box.height)).clamped(to: 0..<nuclei.height)
    outline.forEachSpan(rows: rows, columns: 0..<nuclei.width) { y, span in
      all += span.count
      for x in span { stained += Int(nuclei.bytes[y * nuclei.width + x]) }
    }
    return Double(stained) / Double(max(all, 1))
  }
}
