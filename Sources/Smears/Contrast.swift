import Imaging

/// How much of the light each pixel lacks, in one number: 0 is the background, ``typical`` the mean of the cells.
///
/// A channel's weight is its contrast divided by its variance within background and within cells, so that the channels
/// that tell them apart count, whatever the stain or the camera's balance.
struct Contrast {
  /// Contrast of a typical cell.
  static let typical = 96

  /// Weights in units of 1/256.
  private(set) var red: Int32 = 0
  private(set) var green: Int32 = 256
  private(set) var blue: Int32 = 0

  /// Green light alone.
  init() {}

  /// - Parameters:
  ///   - blocks: of the field with even light.
  ///   - free: blocks of background.
  ///   - covered: blocks within cells.
  init(_ blocks: BlockMeans, free: [Bool], covered: [Bool]) {
    let r = Contrast.separation(blocks.red, free, covered)
    let g = Contrast.separation(blocks.green, free, covered)
    let b = Contrast.separation(blocks.blue, free, covered)
    let total = r.weight * r.contrast + g.weight * g.contrast + b.weight * b.contrast
    guard total > 0 else { return }
    let unit = Float(256 * Contrast.typical) / total
    red = Int32(min(r.weight * unit, 16000))
    green = Int32(min(g.weight * unit, 16000))
    blue = Int32(min(b.weight * unit, 16000))
  }

  private static func separation(
    _ values: [UInt8], _ free: [Bool], _ covered: [Bool]
  ) -> (weight: Float, contrast: Float) {
    var (freeSum, freeSquares, freeCount) = (0, 0, 0)
    var (cellSum, cellSquares, cellCount) = (0, 0, 0)
    for index in 0..<values.count {
      let lack = ReducedField.light - Int(values[index])
      if free[index] {
        (freeSum, freeSquares, freeCount) = (freeSum + lack, freeSquares + lack * lack, freeCount + 1)
      } else if covered[index] {
        (cellSum, cellSquares, cellCount) = (cellSum + lack, cellSquares + lack * lack, cellCount + 1)
      }
    }
    guard freeCount > 0, cellCount > 0 else { return (0, 0) }
    let (freeMean, cellMean) = (Float(freeSum) / Float(freeCount), Float(cellSum) / Float(cellCount))
    let variance =
      max(Float(freeSquares) / Float(freeCount) - freeMean * freeMean, 0)
      + max(Float(cellSquares) / Float(cellCount) - cellMean * cellMean, 0)
    let contrast = max(cellMean - freeMean, 0)
    return (contrast / (variance + 8), contrast)
  }

  /// Writes the contrast of every pixel, 0 to 255.
  func measure(_ field: ReducedField, into contrast: Plane) {
    let whole = (red &+ green &+ blue) &* Int32(ReducedField.light) &+ 128
    let (r, g, b, out) = (field.red.bytes, field.green.bytes, field.blue.bytes, contrast.bytes)
    for index in 0..<contrast.count {
      let seen = red &* Int32(r[index]) &+ green &* Int32(g[index]) &+ blue &* Int32(b[index])
      out[index] = UInt8(truncatingIfNeeded: min(max((whole &- seen) >> 8, 0), 255))
    }
  }
}

/// Softens a plane by the weights 1 2 1 along rows and columns. `source` and `target` must differ.
func soften(_ source: Plane, into target: Plane, row: Scratch<Int32>) throws(ImagingError) {
  let (width, height) = (source.width, source.height)
  let sums = try row.room(width)
  for y in 0..<height {
    let above = source.bytes + max(y - 1, 0) * width
    let here = source.bytes + y * width
    let below = source.bytes + min(y + 1, height - 1) * width
    for x in 0..<width { sums[x] = Int32(above[x]) &+ 2 &* Int32(here[x]) &+ Int32(below[x]) }
    let out = target.bytes + y * width
    for x in 0..<width {
      let sum = sums[max(x - 1, 0)] &+ 2 &* sums[x] &+ sums[min(x + 1, width - 1)]
      out[x] = UInt8(truncatingIfNeeded: (sum &+ 8) >> 4)
    }
  }
}
