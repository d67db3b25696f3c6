/// How much of the light each pixel lacks, in one number: 0 is the background, ``typical`` the mean of the cells.
///
/// A channel's share in it is its contrast divided by its variance within background and within cells, so that the
/// channel that tells them apart counts, whatever the stain or the camera's balance.
struct ContrastWeights {
  /// Contrast of a typical cell.
  static let typical = 128

  private(set) var red: Float = 0
  private(set) var green: Float = 1
  private(set) var blue: Float = 0

  /// Green light alone, a cell taking away `contrast` of it.
  init(green contrast: Float) { green = 1 / max(contrast, 0.01) }

  /// - Parameters:
  ///   - free: blocks of background. - covered: blocks within cells.
  init(_ blocks: BlockMeans, _ background: Background, free: [Bool], covered: [Bool]) {
    let r = ContrastWeights.separation(blocks.red, background.red, free, covered)
    let g = ContrastWeights.separation(blocks.green, background.green, free, covered)
    let b = ContrastWeights.separation(blocks.blue, background.blue, free, covered)
    let total = r.weight * r.contrast + g.weight * g.contrast + b.weight * b.contrast
    guard total > 0 else { return }
    (red, green, blue) = (r.weight / total, g.weight / total, b.weight / total)
  }

  private static func separation(
    _ values: [UInt8], _ light: [Float], _ free: [Bool], _ covered: [Bool]
  ) -> (weight: Float, contrast: Float) {
    var (freeSum, freeSquares, freeCount) = (0.0, 0.0, 0.0)
    var (cellSum, cellSquares, cellCount) = (0.0, 0.0, 0.0)
    for index in 0..<values.count {
      if !free[index] && !covered[index] { continue }
      let lack = Double(1 - Float(values[index]) / light[index])
      if free[index] {
        (freeSum, freeSquares, freeCount) = (freeSum + lack, freeSquares + lack * lack, freeCount + 1)
      } else {
        (cellSum, cellSquares, cellCount) = (cellSum + lack, cellSquares + lack * lack, cellCount + 1)
      }
    }
    guard freeCount > 0, cellCount > 0 else { return (0, 0) }
    let (freeMean, cellMean) = (freeSum / freeCount, cellSum / cellCount)
    let variance =
      max(freeSquares / freeCount - freeMean * freeMean, 0) + max(cellSquares / cellCount - cellMean * cellMean, 0)
    let contrast = cellMean - freeMean
    return (Float(max(contrast, 0) / (variance + 0.0002)), Float(contrast))
  }
}

/// Writes the contrast of every pixel, 0 to 255.
func measureContrast(
  _ field: ReducedField, _ background: Background, _ weights: ContrastWeights, lines: Scratch<Int32>,
  into contrast: Plane
) throws(ImagingError) {
  // contrast = typical · Σ weight · (1 − value / light) = (whole − Σ value · gain) / 2¹⁶
  let unit = Float(ContrastWeights.typical * 65536)
  let whole = Int32((weights.red + weights.green + weights.blue) * unit) + 32768
  let (columns, rows, width) = (background.columns, background.rows, field.width)
  let nodes = try lines.room(3 * columns + 3 * width)
  let gains = nodes + 3 * columns
  let side = Background.block
  for y in 0..<field.height {
    // Between the centres of blocks above and below, in eighths of a block.
    let position = 2 * y + 1 - side
    let above = min(max(position, 0) / (2 * side), rows - 1)
    let below = min(above + 1, rows - 1)
    let lower = Float(position <= 0 ? 0 : position % (2 * side)) / Float(2 * side)
    func blend(_ light: [Float], _ weight: Float, _ target: UnsafeMutablePointer<Int32>) {
      for column in 0..<columns {
        let value =
          light[above * columns + column] * (1 - lower) + light[below * columns + column] * lower
        target[column] = Int32(weight * unit / value)
      }
    }
    blend(background.red, weights.red, nodes)
    blend(background.green, weights.green, nodes + columns)
    blend(background.blue, weights.blue, nodes + 2 * columns)
    for channel in 0..<3 {
      let (node, gain) = (nodes + channel * columns, gains + channel * width)
      for x in 0..<width {
        let position = 2 * x + 1 - side
        let left = min(max(position, 0) / (2 * side), columns - 1)
        let right = min(left + 1, columns - 1)
        let part = Int32(position <= 0 ? 0 : position % (2 * side))
        gain[x] = (node[left] &* (Int32(2 * side) &- part) &+ node[right] &* part) / Int32(2 * side)
      }
    }
    let (r, g, b) = (
      field.red.bytes + y * width, field.green.bytes + y * width, field.blue.bytes + y * width
    )
    let target = contrast.bytes + y * width
    for x in 0..<width {
      let lack =
        (whole &- Int32(r[x]) &* gains[x] &- Int32(g[x]) &* gains[width + x] &- Int32(b[x]) &* gains[2 * width + x])
        >> 16
      target[x] = UInt8(truncatingIfNeeded: min(max(lack, 0), 255))
    }
  }
}

import Imaging

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
