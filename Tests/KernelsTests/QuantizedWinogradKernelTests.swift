import Glibc
import KernelInternals
import Kernels
import Testing

/// The transforms of 8-bit Winograd at every level against their matrices.
@Suite struct QuantizedWinogradKernelTests {
  /// Bᵀ of tiles with 2, 3 and 4 outputs: six inputs to six points; points that a tile lacks are nil.
  static func inputMatrix(_ size: Int) -> [[Int]?] {
    switch size {
    case 2: [[1, 0, -1, 0, 0, 0], [0, 1, 1, 0, 0, 0], [0, -1, 1, 0, 0, 0], nil, nil, [0, -1, 0, 1, 0, 0]]
    case 3:
      [
        [2, -1, -2, 1, 0, 0], [0, -2, -1, 1, 0, 0], [0, 2, -3, 1, 0, 0], [0, -1, 0, 1, 0, 0], nil,
        [0, 2, -1, -2, 1, 0],
      ]
    default:
      [
        [4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
      ]
    }
  }

  /// 6 Aᵀ: six points to `size` outputs.
  static func outputMatrix(_ size: Int) -> [[Double]] {
    switch size {
    case 2: [[6, 3, 3, 0, 0, 0], [0, 3, -3, 0, 0, 6]]
    case 3: [[3, -3, -1, 1, 0, 0], [0, -3, 1, 2, 0, 0], [0, -3, -1, 4, 0, 6]]
    default:
      [
        [1.5, -1, -1, 0.25, 0.25, 0], [0, -1, 1, 0.5, -0.5, 0], [0, -1, -1, 1, 1, 0], [0, -1, 1, 2, -2, 6],
      ]
    }
  }

  /// V: three taps to six points.
  static let tapMatrix = [[1, 0, 0], [1, 1, 1], [1, -1, 1], [1, 2, 4], [1, -2, 4], [0, 0, 1]]

  @Test(arguments: instructionSets, [16, 32, 48, 64, 96]) func input(_ isa: kernels_level, _ channels: Int) throws {
    var noise = Noise(channels)
    for (height, width) in (2...4).flatMap({ height in (2...4).map { (height, $0) } }) {
      for isSigned in [false, true] {
        let zero = isSigned ? noise.int(-128...127) : noise.int(0...255)
        let pixels = try (0..<36).map { _ in
          try GuardedBytes((0..<channels).map { _ in noise.int(isSigned ? -128...127 : 0...255) })
        }
        // All channels of a point together, or thirty-twos of them.
        for together in channels % 32 == 0 ? [channels, 32] : [channels] {
          let columnStep = together * 2
          let channelBytes = together == channels ? 2 : 6 * 2
          let rowStep = (together == channels ? 1 : channels / 32) * 6 * columnStep
          let out = try Guarded([Int16](repeating: 12345, count: 36 * channels))
          var points = q8_winograd_points()
          func row(_ index: Int) -> UnsafeMutablePointer<CChar> {
            UnsafeMutableRawPointer(out.base).advanced(by: index * rowStep).assumingMemoryBound(to: CChar.self)
          }
          points.rows = (row(0), row(1), row(2), row(3), row(4), row(5))
          (points.column_step, points.channel_bytes) = (columnStep, channelBytes)
          let pointers = pixels.map { Optional(UnsafeRawPointer($0.base)) }
          table(isa).q8_transforms.input(
            isa, pointers, channels, isSigned ? 1 : 0, Int32(zero), taps_tile(height: height, width: width), &points)
          let values = pixels.map { $0.values(signed: isSigned).map { $0 - zero } }
          for (i, down) in Self.inputMatrix(height).enumerated() {
            for (j, across) in Self.inputMatrix(width).enumerated() {
              for channel in 0..<channels {
                let at = i * rowStep + j * columnStep + channel / 32 * 32 * channelBytes + channel % 32 * 2
                let found = Int(out.base[at / 2])
                guard let down, let across else {
                  if found != 12345 { Issue.record("point \(i), \(j) of a \(height)×\(width) tile was written") }
                  continue
                }
                var sum = 0
                for k in 0..<36 where down[k / 6] * across[k % 6] != 0 {
                  sum += down[k / 6] * across[k % 6] * values[k][channel]
                }
                guard holds(found == sum, "point \(i), \(j) of a \(height)×\(width) tile, channel \(channel)") else {
                  return
                }
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: instructionSets, [8, 16, 32]) func outputs(_ isa: kernels_level, _ nr: Int) throws {
    var noise = Noise(nr)
    for (height, width) in (2...4).flatMap({ height in (2...4).map { (height, $0) } }) {
      for isFloat in [false, true] {
        let step = nr + 5
        let sums = (0..<35 * step + nr).map { _ in noise.int(-1_000_000...1_000_000) }
        let (integers, floats) = (try Guarded(sums.map { Int32($0) }), try Guarded(sums.map { Float($0) }))
        let out = try Guarded([Float](repeating: .nan, count: 16 * nr), aligned: true)
        q8_winograd_outputs(
          isa, integers.base, isFloat ? floats.base : nil, step, nr, taps_tile(height: height, width: width), out.base)
        for pixel in 0..<16 {
          for output in 0..<nr {
            let found = out.base[pixel * nr + output]
            if pixel / 4 >= height || pixel % 4 >= width {
              guard holds(found.isNaN, "pixel \(pixel) of a \(height)×\(width) tile was written") else { return }
              continue
            }
            let sum = Self.output(sums, step, output, pixel / 4, pixel % 4, height, width)
            guard holds(abs(Double(found) - sum) <= 20, "pixel \(pixel) of a \(height)×\(width) tile") else { return }
          }
        }
      }
    }
  }

  struct Kernel: @unchecked Sendable, NamedKernel {
    let name: String
    let run:
      @convention(c) (
        UnsafePointer<Int32>?, Int, UnsafePointer<Float>?, Int, Int, Int, Int, OpaquePointer?
      ) -> Void
  }

  static let fusedKernels = instructionSets.map {
    Kernel(name: $0.testDescription, run: table($0).q8_transforms.output)
  }

  /// From sums to stored bytes, for whole tiles and for those at an edge.
  @Test(arguments: fusedKernels) func fused(_ kernel: Kernel) throws {
    var noise = Noise(7)
    for (rows, columns) in (1...4).flatMap({ rows in (1...4).map { (rows, $0) } }) {
      for ending in 0..<6 {
        let step = 32 + 16
        let sums = (0..<35 * step + 32).map { _ in noise.int(-60_000...60_000) }
        let integers = try Guarded(sums.map { Int32($0) })
        let multipliers = (0..<32).map { _ in Float(noise.int(50...100)) / 400_000 }
        let shifts = (0..<32).map { _ in Float(noise.int(-100...100)) / 77 }
        let scales = try Guarded(multipliers + shifts, aligned: true)
        let ends = Ending(ending, &noise)
        let (yStride, residualStride) = (35, 33)
        let (yRow, residualRow) = (5 * yStride, 6 * residualStride)
        let residual = try GuardedBytes(
          (0..<(rows - 1) * residualRow + (columns - 1) * residualStride + 32).map { _ in noise.int(0...255) })
        let y = try GuardedBytes(count: (rows - 1) * yRow + (columns - 1) * yStride + 32)
        var epilogue = ends.epilogue
        let fused = try #require(
          fused_create(
            &epilogue, 16, ~0, 0, 0, ends.hasResidual ? residual.bytes : nil, residualStride, y.bytes, yStride))
        defer { free(UnsafeMutableRawPointer(fused)) }
        kernel.run(integers.base, step, scales.base, rows, columns, residualRow, yRow, fused)
        let residuals = residual.values(signed: epilogue.residual_signed == 1)
        var expected = [Int](repeating: ends.isSigned ? -91 : 0xa5, count: y.count)
        for (row, column) in (0..<rows).flatMap({ row in (0..<columns).map { (row, $0) } }) {
          for output in 0..<32 {
            let sum = Self.output(sums, step, output, row, column, max(2, rows), max(2, columns))
            let added = row * residualRow + column * residualStride + output
            expected[row * yRow + column * yStride + output] = ends.stored(
              sum * Double(multipliers[output]) + Double(shifts[output]), ends.hasResidual ? residuals[added] : nil)
          }
        }
        expectQuantised(y.values(signed: ends.isSigned), expected, "\(rows)×\(columns), ending \(ending)")
      }
    }
  }

  /// Taps of one byte or two as weights at all points.
  @Test(arguments: instructionSets8, [1, 3, 16]) func taps(_ isa: kernels_level, _ steps: Int) throws {
    var noise = Noise(steps)
    let family = table(isa).q8_winograd
    let unit = family.nr * family.kr
    for isWide in [false, true] {
      let values = (0..<steps * 9 * unit).map { _ in isWide ? noise.int(-255...255) : noise.int(-128...127) }
      let bytes = try Guarded(values.map { Int8(truncatingIfNeeded: $0) }, aligned: true)
      let words = try Guarded(values.map { Int16($0) }, aligned: true)
      let stride = steps * unit + 32
      let points = try Guarded([Int16](repeating: 12345, count: 35 * stride + steps * unit), aligned: true)
      let taps = isWide ? UnsafeRawPointer(words.base) : UnsafeRawPointer(bytes.base)
      table(isa).q8_transforms.taps(isa, taps, isWide ? 1 : 0, steps, unit, points.base, stride)
      for index in 0..<points.count {
        let (point, place) = (index / stride, index % stride)
        guard place < steps * unit else {
          guard holds(points.base[index] == 12345, "written between points") else { return }
          continue
        }
        let (down, across) = (Self.tapMatrix[point / 6], Self.tapMatrix[point % 6])
        var sum = 0
        for tap in 0..<9 {
          sum += down[tap / 3] * across[tap % 3] * values[(place / unit * 9 + tap) * unit + place % unit]
        }
        guard holds(Int(points.base[index]) == sum, "point \(point), weight \(place)") else { return }
      }
    }
  }

  private static func output(
    _ sums: [Int], _ step: Int, _ output: Int, _ row: Int, _ column: Int, _ height: Int, _ width: Int
  ) -> Double {
    let (down, across) = (outputMatrix(height)[row], outputMatrix(width)[column])
    return (0..<36).reduce(0.0) { $0 + down[$1 / 6] * across[$1 % 6] * Double(sums[$1 * step + output]) }
  }
}
