import Foundation
import Imaging

extension Picture {
  /// Samples, for each pixel at (x, y), the position affine(perspective(x, y)): bilinear, mirrored at the border's
  /// pixel centres. Coordinates run from -1 at the first pixel's centre to 1 at the last's.
  package func sampled(perspective p: [Double], affine m: [Double]) -> Picture {
    var result = self
    let (w, h) = (width, height)
    let (stepX, stepY) = (w > 1 ? 2 / Double(w - 1) : 0, h > 1 ? 2 / Double(h - 1) : 0)
    // As in fastai, a rotation of a non-square picture is a rotation in pixel coordinates.
    let (xy, yx) = (m[1] * Double(h) / Double(w), m[3] * Double(w) / Double(h))
    // In pixel coordinates and scalar locals: this is the hot loop of augmentation.
    let (p0, p1, p2, p3, p4, p5, p6, p7) = (p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7])
    let (halfW, halfH) = (Double(w - 1) / 2, Double(h - 1) / 2)
    let (m0, m1, m2) = (m[0] * halfW, xy * halfW, (m[2] + 1) * halfW)
    let (m3, m4, m5) = (yx * halfH, m[4] * halfH, (m[5] + 1) * halfH)
    pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { target in
        guard let source = source.baseAddress, var out = target.baseAddress else { return }
        for row in 0..<h {
          let y = stepY * Double(row) - 1
          let (u0, v0, d0) = (p1 * y + p2, p4 * y + p5, p7 * y + 1)
          for column in 0..<w {
            let x = stepX * Double(column) - 1
            let depth = 1 / (p6 * x + d0)
            let (px, py) = ((p0 * x + u0) * depth, (p3 * x + v0) * depth)
            let (x0, fx) = Picture.place(m0 * px + m1 * py + m2)
            let (y0, fy) = Picture.place(m3 * px + m4 * py + m5)
            let (left, right) = (Picture.reflected(x0, w) * 3, Picture.reflected(x0 + 1, w) * 3)
            let (top, low) = (source + Picture.reflected(y0, h) * w * 3, source + Picture.reflected(y0 + 1, h) * w * 3)
            for channel in 0..<3 {
              let above = Float(top[left + channel]) * (1 - fx) + Float(top[right + channel]) * fx
              let below = Float(low[left + channel]) * (1 - fx) + Float(low[right + channel]) * fx
              out[channel] = UInt8(above * (1 - fy) + below * fy + 0.5)
            }
            out += 3
          }
        }
      }
    }
    return result
  }

  /// The pixel at or before a position, and the fraction beyond it. Positions cannot be far outside, since warps are
  /// small.
  @inline(__always)
  private static func place(_ position: Double) -> (Int, Float) {
    let bounded = min(max(position, -1e6), 1e6)
    let floor = bounded.rounded(.down)
    return (Int(floor), Float(bounded - floor))
  }

  /// An index reflected at the border's pixel centres, repeatedly if necessary.
  @inline(__always)
  static func reflected(_ index: Int, _ count: Int) -> Int {
    if index >= 0 && index < count { return index }
    if count == 1 { return 0 }
    let period = 2 * (count - 1)
    let folded = ((index % period) + period) % period
    return min(folded, period - folded)
  }
}
