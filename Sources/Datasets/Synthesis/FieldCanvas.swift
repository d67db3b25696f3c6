import Foundation
import Imaging

/// A whole field to draw on: the light that falls through it, red, green and blue in 0...1. Positions are in pixels from
/// the upper left corner, (0.5, 0.5) being the middle of the first pixel.
struct FieldCanvas {
  let width: Int
  let height: Int
  private(set) var light: [Color]

  init(width: Int, height: Int, _ color: Color) {
    self.width = width
    self.height = height
    light = [Color](repeating: color, count: width * height)
  }

  /// Lets the light of every pixel through as `pass` says: 1 is all of it. Objects in front of one another so look
  /// darker together.
  mutating func filter(_ pass: (_ x: Float, _ y: Float) -> Color) {
    filter(aroundX: Float(width) / 2, y: Float(height) / 2, reach: Float(max(width, height)), pass)
  }

  /// The same for pixels within `reach` of a point on both axes.
  mutating func filter(aroundX x: Float, y: Float, reach: Float, _ pass: (_ x: Float, _ y: Float) -> Color) {
    let columns = span(x, reach, width)
    for row in span(y, reach, height) {
      for column in columns { light[row * width + column] *= pass(Float(column) + 0.5, Float(row) + 0.5) }
    }
  }

  private func span(_ center: Float, _ reach: Float, _ limit: Int) -> Range<Int> {
    let low = min(max(Int((center - reach).rounded(.down)), 0), limit)
    return low..<max(low, min(Int((center + reach).rounded(.up)) + 1, limit))
  }

  /// Colours an object through which `color` of white light falls, with a soft edge.
  mutating func stamp(_ shape: Outline, _ color: Color, strength: Float = 1, soft: Float = 1) {
    filter(aroundX: shape.x, y: shape.y, reach: shape.radius * 1.6 + soft) { x, y in
      let share = min(max(0.5 + shape.depth(x, y) / soft, 0), 1) * strength
      return Color(repeating: 1 - share) + color * share
    }
  }

  mutating func blur(_ sigma: Float) { light.blur(width: width, height: height, sigma) }

  /// The camera's picture, with noise of a standard deviation.
  func picture(noise: Float, random: inout RandomSource) -> Picture {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(width * height * 3)
    for pixel in light {
      let grain = random.normal() * noise
      for channel in 0..<3 { bytes.append(UInt8(min(max((pixel[channel] + grain) * 255, 0), 255).rounded())) }
    }
    return Picture(width: width, height: height, pixels: bytes)
  }
}
