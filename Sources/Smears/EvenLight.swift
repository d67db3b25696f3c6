import Imaging

extension ReducedField {
  /// Divides every channel by its background: where nothing absorbs, all values become ``light``.
  func divide(by background: Background, lines: Scratch<Int32>) throws(ImagingError) {
    let (columns, rows) = (background.columns, background.rows)
    // Gains at the centres of a row's blocks, and of its pixels, in units of 1/65536.
    let nodes = try lines.room(columns + width)
    let gains = nodes + columns
    for y in 0..<height {
      let place = BlockPlace(pixel: y, blocks: rows)
      let part = Float(place.part) / Float(2 * Background.block)
      for (plane, values) in [(red, background.red), (green, background.green), (blue, background.blue)] {
        values.withUnsafeBufferPointer { values in
          guard let above = values.baseAddress.map({ $0 + place.before * columns }),
            let below = values.baseAddress.map({ $0 + place.after * columns })
          else { return }
          for column in 0..<columns {
            let value = above[column] * (1 - part) + below[column] * part
            nodes[column] = Int32(Float(ReducedField.light * 65536) / value)
          }
        }
        ReducedField.spread(nodes, columns, over: gains, width)
        let line = plane.bytes + y * width
        // In floating point, of which every processor multiplies vectors. From 2²³ up there are no fractions, so that the
        // sum is rounded, and its last bits are the value.
        for x in 0..<width {
          let value = min(Float(line[x]) * Float(gains[x]) * (1 / 65536), 255)
          line[x] = UInt8(truncatingIfNeeded: (value + 8_388_608).bitPattern)
        }
      }
    }
  }

  /// From values at the centres of blocks to values of pixels: between the centres they change linearly.
  private static func spread(
    _ nodes: UnsafePointer<Int32>, _ columns: Int, over pixels: UnsafeMutablePointer<Int32>, _ width: Int
  ) {
    let side = Background.block
    var x = 0
    while x < min(side / 2, width) {
      pixels[x] = nodes[0]
      x += 1
    }
    for column in 0..<(columns - 1) {
      let step = nodes[column + 1] &- nodes[column]
      let value = nodes[column] &* Int32(2 * side) &+ step
      // All is positive. A block has four pixels, so that the divisor is 8.
      let steps = SIMD4(0, 2 &* step, 4 &* step, 6 &* step)
      let four = (SIMD4(repeating: value) &+ steps) &>> SIMD4(repeating: 3)
      UnsafeMutableRawPointer(pixels + x).storeBytes(of: four, as: SIMD4<Int32>.self)
      x += side
    }
    while x < width {
      pixels[x] = nodes[columns - 1]
      x += 1
    }
  }

  /// The blocks between whose centres the centre of a pixel lies.
  private struct BlockPlace {
    let before: Int
    let after: Int
    /// How far the pixel is from the centre before it, in half pixels.
    let part: Int

    init(pixel: Int, blocks: Int) {
      let position = max(2 * pixel + 1 - Background.block, 0)
      before = min(position / (2 * Background.block), blocks - 1)
      after = min(before + 1, blocks - 1)
      part = position % (2 * Background.block)
    }
  }
}
