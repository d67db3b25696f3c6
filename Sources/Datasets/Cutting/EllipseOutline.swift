import Foundation
import Smears

extension CellOutline {
  /// The ellipse that touches the four sides of a box.
  init(ellipseIn box: PixelBox) {
    let count = 64
    let (width, height) = (Float(box.width) / 2, Float(box.height) / 2)
    self.init(
      points: (0..<count).map { step in
        let angle = Float(step) * 2 * .pi / Float(count)
        return Point(x: Float(box.x) + width * (1 + cos(angle)), y: Float(box.y) + height * (1 + sin(angle)))
      })
  }

  /// The box itself.
  init(of box: PixelBox) {
    let (left, top) = (Float(box.x), Float(box.y))
    let (right, bottom) = (left + Float(box.width), top + Float(box.height))
    self.init(points: [
      Point(x: left, y: top), Point(x: right, y: top), Point(x: right, y: bottom), Point(x: left, y: bottom),
    ])
  }
}
