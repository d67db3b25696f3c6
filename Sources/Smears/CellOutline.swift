/// A closed polygon around a cell, clockwise on the screen, in pixels of the picture: (0, 0) is the upper left corner of
/// the upper left pixel, the centre of that pixel is (0.5, 0.5).
public struct CellOutline: Sendable, Equatable {
  public struct Point: Sendable, Equatable {
    public var x: Float
    public var y: Float

    public init(x: Float, y: Float) {
      self.x = x
      self.y = y
    }
  }

  public var points: [Point]

  public init(points: [Point]) { self.points = points }

  /// The pixels of row `y` whose centres lie within, as ranges of columns from left to right.
  public func spans(row y: Int) -> [Range<Int>] {
    let middle = Float(y) + 0.5
    var crossings: [Float] = []
    for index in 0..<points.count {
      let (a, b) = (points[index], points[index + 1 == points.count ? 0 : index + 1])
      if (a.y <= middle) == (b.y <= middle) { continue }
      crossings.append(a.x + (b.x - a.x) * ((middle - a.y) / (b.y - a.y)))
    }
    // An insertion sort: they are few, and the standard library's sort takes 2.5 KB.
    for end in crossings.indices {
      var place = end
      while place > 0, crossings[place - 1] > crossings[place] {
        crossings.swapAt(place - 1, place)
        place -= 1
      }
    }
    var spans: [Range<Int>] = []
    for index in stride(from: 0, to: crossings.count - 1, by: 2) {
      let from = Int((crossings[index] - 0.5).rounded(.up))
      let to = Int((crossings[index + 1] - 0.5).rounded(.up))
      if from < to { spans.append(from..<to) }
    }
    return spans
  }

  /// Calls `body` for each range of pixels in `rows` and `columns` whose centres lie within, from top to bottom.
  func forEachSpan(rows: Range<Int>, columns: Range<Int>, _ body: (_ y: Int, _ span: Range<Int>) -> Void) {
    for y in rows {
      for span in spans(row: y) {
        let inside = span.clamped(to: columns)
        if !inside.isEmpty { body(y, inside) }
      }
    }
  }
}
