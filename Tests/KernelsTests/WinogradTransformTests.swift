import KernelInternals
import Kernels
import Testing

/// The transforms of float Winograd at every level, tile by tile.
@Suite struct WinogradTransformTests {
  /// Outputs of a tile along an axis, with stride 1 and 2.
  static let lines: [(stride: Int, size: Int)] = (1...6).map { (1, $0) } + [(2, 1), (2, 2), (2, 4)]

  static func side(_ stride: Int, _ size: Int) -> Int { stride == 1 ? size + 2 : 2 * size + 1 }

  static func line(_ stride: Int, _ size: Int, step: Int) -> f32_winograd_line {
    var line = f32_winograd_line()
    (line.stride, line.size, line.side) = (stride, size, side(stride, size))
    withUnsafeMutableBytes(of: &line.at) { at in
      for i in 0..<line.side { at.storeBytes(of: i * step, toByteOffset: 8 * i, as: Int.self) }
    }
    return line
  }

  /// A filter's line g0 + g1 p + g2 p² at the points of a tile; with stride 2 g0 + g2 p of the outer taps, then the middle one.
  static func values(_ stride: Int, _ tile: Int, _ g: [Double]) -> [Double] {
    let points = [0, 1, -1, 2, -2, 0.5, -0.5]
    if stride == 2 { return points[..<tile].map { g[0] + g[2] * $0 } + [g[2], g[1]] }
    return points[..<(tile + 1)].map { g[0] + g[1] * $0 + g[2] * $0 * $0 } + [g[2]]
  }

  @Test(arguments: instructionSets, [1, 3, 16]) func filters(_ isa: kernels_level, _ channels: Int) throws {
    let transforms = table(isa).f32_winograd
    let nr = table(isa).f32_igemm.nr
    var noise = Noise(channels)
    for (stride, tile) in Self.lines where tile > 1 && (stride == 1 || tile != 1) {
      let taps = try Guarded(noise.floats(channels * 9 * nr), aligned: true)
      let (along, setStride) = (tile + 2, channels * nr + 16)
      let w = try Guarded([Float](repeating: 12345, count: along * along * setStride - 16), aligned: true)
      transforms.filter(stride, tile, taps.base, channels, nr, setStride, w.base)
      for index in 0..<w.count {
        let (set, place) = (index / setStride, index % setStride)
        guard place < channels * nr else {
          guard holds(w.base[index] == 12345, "written between sets") else { return }
          continue
        }
        let g = (0..<9).map { Double(taps.base[(place / nr * 9 + $0) * nr + place % nr]) }
        let columns = (0..<3).map { Self.values(stride, tile, [g[$0], g[3 + $0], g[6 + $0]])[set / along] }
        let value = Self.values(stride, tile, columns)[set % along]
        guard holds(abs(Double(w.base[index]) - value) <= 1e-5, "stride \(stride), tile \(tile), set \(set)") else {
          return
        }
      }
    }
  }

  /// Inputs and outputs, by what they are for: with the filter's values at the points between them they convolve.
  @Test(arguments: instructionSets, [16, 17, 31, 64, 127]) func convolve(_ isa: kernels_level, _ channels: Int) throws {
    let transforms = table(isa).f32_winograd
    var noise = Noise(channels)
    for down in Self.lines {
      for across in Self.lines where across.stride == down.stride {
        let (height, width) = (Self.side(down.stride, down.size), Self.side(across.stride, across.size))
        let pixels = try (0..<height * width).map { _ in try GuardedFloats(noise.floats(channels)) }
        let pointers = pixels.map { Optional(UnsafeRawPointer($0.base)) }
        let pitch = (channels + 15) / 16 * 16
        let points = try GuardedFloats([Float](repeating: .nan, count: height * width * pitch))
        var (rows, columns) = (
          Self.line(down.stride, down.size, step: width * pitch), Self.line(across.stride, across.size, step: pitch)
        )
        transforms.input(&rows, &columns, pointers, pointers, width, channels, points.base, 16)

        // Each channel has a filter of its own, and its own output. Vectors of products may be read as a whole.
        let g = (0..<channels).map { _ in noise.floats(9).map { Double($0) } }
        var products = points.array
        for i in 0..<height {
          for j in 0..<width {
            for channel in 0..<pitch {
              let at = (i * width + j) * pitch + channel
              guard channel < channels else {
                products[at] = 0
                continue
              }
              products[at] *= Float(Self.weight(down, across, i, j, g[channel]))
            }
          }
        }
        let held = try GuardedFloats(products, aligned: true)
        let bias = try GuardedFloats(noise.floats(pitch))
        let (yColumn, residualColumn) = (channels + 3, channels + 1)
        for (inRows, inColumns) in [(down.size, across.size), (1, 1), (max(1, down.size - 1), across.size)] {
          let (yRow, residualRow) = (7 * yColumn, 8 * residualColumn)
          let residual = try GuardedFloats(
            noise.floats((inRows - 1) * residualRow + (inColumns - 1) * residualColumn + channels))
          let y = try GuardedFloats(
            [Float](repeating: 12345, count: (inRows - 1) * yRow + (inColumns - 1) * yColumn + channels))
          var epilogue = f32_winograd_epilogue(
            y_row: yRow, y_column: yColumn, residual_row: residualRow, residual_column: residualColumn, low: -2, high: 3
          )
          let hasResidual = inColumns > 1
          let isOdd = transforms.output(
            &rows, &columns, held.base, channels, bias.base, y.base, hasResidual ? residual.base : nil, inRows,
            inColumns,
            &epilogue)
          #expect(isOdd == 0)
          var expected = [Double](repeating: 12345, count: y.count)
          for row in 0..<inRows {
            for column in 0..<inColumns {
              for channel in 0..<channels {
                var sum = Double(bias.base[channel])
                if hasResidual { sum += Double(residual.base[row * residualRow + column * residualColumn + channel]) }
                for tap in 0..<9 {
                  let pixel = (row * down.stride + tap / 3) * width + column * across.stride + tap % 3
                  sum += Double(pixels[pixel].base[channel]) * g[channel][tap]
                }
                expected[row * yRow + column * yColumn + channel] = min(max(sum, -2), 3)
              }
            }
          }
          expectEqual(y.array, expected, within: 1e-4, "\(down) × \(across)")
        }
      }
    }
  }

  /// A product that is not finite is told.
  @Test(arguments: instructionSets, [Float.nan, .infinity]) func odd(_ isa: kernels_level, _ value: Float) throws {
    let transforms = table(isa).f32_winograd
    let channels = 17
    var line = Self.line(1, 4, step: 6 * 32)
    var across = Self.line(1, 4, step: 32)
    for place in [0, 16] {
      for point in 0..<36 {
        let products = try Guarded([Float](repeating: 1, count: 36 * 32), aligned: true)
        products.base[point * 32 + place] = value
        let bias = try GuardedFloats([Float](repeating: 0, count: 32))
        let y = try GuardedFloats([Float](repeating: 0, count: 16 * channels))
        var epilogue = f32_winograd_epilogue(
          y_row: 4 * channels, y_column: channels, residual_row: 0, residual_column: 0, low: -1, high: 1)
        let isOdd = transforms.output(&line, &across, products.base, channels, bias.base, y.base, nil, 4, 4, &epilogue)
        #expect(isOdd != 0, "point \(point), output \(place)")
      }
    }
  }

  /// The filter's value at point (i, j) of a tile. Along an axis with stride 2 the inputs between the points all meet the middle
  /// tap.
  private static func weight(
    _ down: (stride: Int, size: Int), _ across: (stride: Int, size: Int), _ i: Int, _ j: Int, _ g: [Double]
  ) -> Double {
    func set(_ line: (stride: Int, size: Int), _ product: Int) -> Int {
      line.stride == 1 ? product : min(product, line.size + 1)
    }
    let columns = (0..<3).map { values(down.stride, down.size, [g[$0], g[3 + $0], g[6 + $0]])[set(down, i)] }
    return values(across.stride, across.size, columns)[set(across, j)]
  }
}
