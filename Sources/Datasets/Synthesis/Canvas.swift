import Foundation
import Imaging

/// A square of colours to draw on. Positions are in pixels from the centre, y downwards.
struct Canvas {
  let size: Int
  var pixels: [Color]

  init(size: Int, _ color: Color) {
    self.size = size
    pixels = [Color](repeating: color, count: size * size)
  }

  /// Adds `change` of its position to every pixel's colour.
  mutating func adjust(_ change: (_ x: Float, _ y: Float, _ color: Color) -> Color) {
    let middle = Float(size - 1) / 2
    for row in 0..<size {
      for column in 0..<size {
        let index = row * size + column
        pixels[index] = change(Float(column) - middle, Float(row) - middle, pixels[index])
      }
    }
  }

  /// Blends `color` in by `coverage` (0...1) of each position.
  mutating func paint(_ color: Color, _ coverage: (_ x: Float, _ y: Float) -> Float) {
    paint(color, aroundX: 0, y: 0, reach: Float(size), coverage)
  }

  /// The same, restricted to positions within `reach` of a point on both axes: cheaper for small objects.
  mutating func paint(
    _ color: Color, aroundX x: Float, y: Float, reach: Float, _ coverage: (_ x: Float, _ y: Float) -> Float
  ) {
    let middle = Float(size - 1) / 2
    let columns = span(x + middle, reach)
    for row in span(y + middle, reach) {
      for column in columns {
        let index = row * size + column
        let share = min(max(coverage(Float(column) - middle, Float(row) - middle), 0), 1)
        pixels[index] += (color - pixels[index]) * share
      }
    }
  }

  private func span(_ center: Float, _ reach: Float) -> Range<Int> {
    let low = min(max(Int(center - reach), 0), size)
    return low..<max(low, min(Int(center + reach) + 2, size))
  }

  mutating func blur(_ sigma: Float) { pixels.blur(width: size, height: size, sigma) }

  var picture: Picture {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size * size * 3)
    for pixel in pixels {
      for channel in 0..<3 { bytes.append(UInt8(min(max(pixel[channel] * 255, 0), 255).rounded())) }
    }
    return Picture(width: size, height: size, pixels: bytes)
  }
}

/// Value noise: smooth random values over the plane, interpolated from a lattice.
struct SmoothNoise {
  private let side = 16
  private let values: [Float]
  private let spacing: Float

  /// - Parameter spacing: pixels between lattice points; the pattern repeats after 16 of them.
  init(spacing: Float, random: inout RandomSource) {
    self.spacing = spacing
    values = (0..<(side * side)).map { _ in Float(random.uniform(-1...1)) }
  }

  func callAsFunction(_ x: Float, _ y: Float) -> Float {
    let (u, v) = (x / spacing, y / spacing)
    let (column, row) = (u.rounded(.down), v.rounded(.down))
    let (fx, fy) = (ease(u - column), ease(v - row))
    func at(_ dx: Int, _ dy: Int) -> Float { values[((Int(row) + dy) & 15) * side + (Int(column) + dx) & 15] }
    let top = at(0, 0) * (1 - fx) + at(1, 0) * fx
    let low = at(0, 1) * (1 - fx) + at(1, 1) * fx
    return top * (1 - fy) + low * fy
  }

  private func ease(_ t: Float) -> Float { t * t * (3 - 2 * t) }
}

/// A closed outline around a point: a radius that varies with the angle by a few harmonics.
struct Outline {
  let x: Float
  let y: Float
  let radius: Float
  /// Relative amplitude and phase of harmonics 2, 3, …
  private let harmonics: [(amplitude: Float, phase: Float)]

  init(x: Float, y: Float, radius: Float, ragged: Float, count: Int = 5, random: inout RandomSource) {
    self.x = x
    self.y = y
    self.radius = radius
    harmonics = (0..<count).map { order in
      let amplitude = ragged * Float(random.uniform(0.2...1)) / Float(order + 1)
      return (amplitude, Float(random.uniform(0...(2 * .pi))))
    }
  }

  /// The same shape elsewhere.
  func moved(x: Float, y: Float) -> Outline { Outline(x: self.x + x, y: self.y + y, radius: radius, harmonics) }

  private init(x: Float, y: Float, radius: Float, _ harmonics: [(amplitude: Float, phase: Float)]) {
    (self.x, self.y, self.radius, self.harmonics) = (x, y, radius, harmonics)
  }

  /// How far inside the outline a position is, in pixels; negative outside.
  func depth(_ px: Float, _ py: Float) -> Float {
    let (dx, dy) = (px - x, py - y)
    return reach(atan2(dy, dx)) - (dx * dx + dy * dy).squareRoot()
  }

  /// The radius in a direction.
  func reach(_ angle: Float) -> Float {
    var factor: Float = 1
    for (order, harmonic) in harmonics.enumerated() {
      factor += harmonic.amplitude * cos(Float(order + 2) * angle + harmonic.phase)
    }
    return radius * factor
  }
}
