import Foundation
import Imaging

/// fastai 1.0.38's `get_transforms()` with its defaults and in its order: symmetric warp, rotation and zoom (combined
/// and sampled once, bilinearly, with reflected borders), brightness and contrast, a mirror. Each is applied
/// independently with its own probability. The crop that comes first in fastai's list is ``Augmentation/crops``.
public struct FastaiTransforms: Sendable, Equatable {
  /// Maximum displacement of a corner, in coordinates from -1 to 1.
  public var warp = 0.2
  /// Maximum rotation in degrees, in either direction.
  public var rotation = 10.0
  /// Maximum zoom, about a random point.
  public var zoom = 1.1
  /// Brightness is shifted to between (1 − light) / 2 and (1 + light) / 2 of the logistic curve; contrast is multiplied
  /// by 1 − light to 1 / (1 − light), uniform in the logarithm.
  public var light = 0.2
  public var affineProbability = 0.75
  public var lightProbability = 0.75
  public var mirrorProbability = 0.5

  public init() {}

  func apply(to picture: Picture, random: inout RandomSource) -> Picture {
    var corners: [Double]?
    if random.chance(affineProbability) { corners = (0..<4).map { _ in random.uniform(-warp...warp) } }
    // fastai's `affine_mat`: rotation times zoom, [xx, xy, x, yx, yy, y].
    var matrix: [Double] = [1, 0, 0, 0, 1, 0]
    var isAffine = false
    if random.chance(affineProbability) {
      let angle = random.uniform(-rotation...rotation) * .pi / 180
      matrix = [cos(angle), -sin(angle), 0, sin(angle), cos(angle), 0]
      isAffine = true
    }
    if random.chance(affineProbability) {
      let scale = random.uniform(1...zoom)
      let shift = 1 - 1 / scale
      let (y, x) = (shift * (2 * random.uniform() - 1), shift * (2 * random.uniform() - 1))
      matrix = [
        matrix[0] / scale, matrix[1] / scale, matrix[0] * x + matrix[1] * y + matrix[2],
        matrix[3] / scale, matrix[4] / scale, matrix[3] * x + matrix[4] * y + matrix[5],
      ]
      isAffine = true
    }
    var result = picture
    if corners != nil || isAffine {
      let perspective = corners.flatMap { FastaiTransforms.perspective($0) } ?? [1, 0, 0, 0, 1, 0, 0, 0]
      result = result.sampled(perspective: perspective, affine: matrix)
    }
    var (shift, factor) = (0.0, 1.0)
    if random.chance(lightProbability) {
      let level = random.uniform((1 - light) / 2...(1 + light) / 2)
      shift = log(level / (1 - level))
    }
    if random.chance(lightProbability) { factor = exp(random.uniform(log(1 - light)...(-log(1 - light)))) }
    if shift != 0 || factor != 1 {
      let table = (0..<256).map { byte in
        let level = min(max(Double(byte) / 255, 1e-7), 1 - 1e-7)
        let logit = (log(level / (1 - level)) + shift) * factor
        return UInt8((255 / (1 + exp(-logit))).rounded())
      }
      result = Picture(width: result.width, height: result.height, pixels: result.pixels.map { table[Int($0)] })
    }
    if random.chance(mirrorProbability) { result = result.oriented(1) }
    return result
  }

  /// The projective map from the moved corners back to the picture's: x' = (a·x + b·y + c) / (g·x + h·y + 1), y' = (d·x
  /// + e·y + f) / (…), as [a, b, c, d, e, f, g, h]. nil if the system is singular.
  package static func perspective(_ moves: [Double]) -> [Double]? {
    let corners: [(Double, Double)] = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    let targets = [
      (-1 - moves[3], -1 - moves[1]), (-1 - moves[2], 1 + moves[1]), (1 + moves[3], -1 - moves[0]),
      (1 + moves[2], 1 + moves[0]),
    ]
    var rows: [[Double]] = []
    for ((x, y), (toX, toY)) in zip(targets, corners) {
      rows.append([x, y, 1, 0, 0, 0, -toX * x, -toX * y, toX])
      rows.append([0, 0, 0, x, y, 1, -toY * x, -toY * y, toY])
    }
    // Gauss–Jordan elimination with partial pivoting.
    for column in 0..<8 {
      guard let pivot = (column..<8).max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }),
        abs(rows[pivot][column]) > 1e-12
      else { return nil }
      rows.swapAt(column, pivot)
      for row in 0..<8 where row != column {
        let factor = rows[row][column] / rows[column][column]
        for index in column..<9 { rows[row][index] -= factor * rows[column][index] }
      }
    }
    return (0..<8).map { rows[$0][8] / rows[$0][$0] }
  }
}

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

  /// The `width` × `height` pixels starting at a position.
  func cut(left: Int, top: Int, width newWidth: Int, height newHeight: Int) -> Picture {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(newWidth * newHeight * 3)
    for row in top..<top + newHeight {
      let start = (row * width + left) * 3
      bytes += pixels[start..<start + newWidth * 3]
    }
    return Picture(width: newWidth, height: newHeight, pixels: bytes)
  }
}
