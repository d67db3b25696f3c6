import Giemsa

/// A picture that is drawn on.
struct OverlayCanvas {
  typealias Color = (red: UInt8, green: UInt8, blue: UInt8)
  static let black: Color = (0, 0, 0)

  private(set) var picture: Picture

  init(_ picture: Picture) { self.picture = picture }

  /// Fills a rectangle, as far as it lies in the picture.
  private mutating func fill(x: Int, y: Int, width: Int, height: Int, _ color: Color) {
    for row in max(y, 0)..<max(min(y + height, picture.height), max(y, 0)) {
      for column in max(x, 0)..<max(min(x + width, picture.width), max(x, 0)) {
        let at = (row * picture.width + column) * 3
        picture.pixels[at] = color.red
        picture.pixels[at + 1] = color.green
        picture.pixels[at + 2] = color.blue
      }
    }
  }

  /// A closed line along the outline, `width` pixels wide.
  mutating func draw(_ outline: CellOutline, _ color: Color, width: Int) {
    let points = outline.points
    for index in points.indices {
      let (a, b) = (points[index], points[index + 1 == points.count ? 0 : index + 1])
      let steps = max(Int(max((b.x - a.x).magnitude, (b.y - a.y).magnitude).rounded(.up)), 1)
      for step in 0..<steps {
        let share = Float(step) / Float(steps)
        let (x, y) = (a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)
        fill(
          x: Int(x.rounded(.down)) - width / 2, y: Int(y.rounded(.down)) - width / 2, width: width, height: width,
          color)
      }
    }
  }

  /// A number on black at the upper right corner of a box, moved into the picture; a dot of it is `dot` pixels wide.
  mutating func draw(_ number: Int, at box: PixelBox, dot: Int, _ color: Color) {
    var digits: [Int] = []
    var rest = number
    repeat {
      digits.insert(rest % 10, at: 0)
      rest /= 10
    } while rest > 0
    let (width, height) = (dot * ((Digits.width + 1) * digits.count + 1), dot * (Digits.height + 2))
    let x = max(min(box.x + box.width - width / 2, picture.width - width), 0)
    let y = max(min(box.y - height / 2, picture.height - height), 0)
    fill(x: x, y: y, width: width, height: height, OverlayCanvas.black)
    for (place, digit) in digits.enumerated() {
      for row in 0..<Digits.height {
        for column in 0..<Digits.width where Digits.isSet(digit, row: row, column: column) {
          let left = x + dot * (1 + place * (Digits.width + 1) + column)
          fill(x: left, y: y + dot * (1 + row), width: dot, height: dot, color)
        }
      }
    }
  }
}
