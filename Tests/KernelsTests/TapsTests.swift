import KernelInternals
import Kernels
import Testing

/// Winograd's products straight from a filter's taps, every kernel against the sum written out.
@Suite struct TapsTests {
  struct Kernel<Run>: @unchecked Sendable, NamedKernel {
    let name: String
    let run: Run
    var testDescription: String { name }
  }

  static let floatKernels: [Kernel<f32_taps_kernel>] = each(instructionSets8) {
    Kernel(name: String(cString: $0.f32_taps.name), run: $0.f32_taps.run)
  }
  static let integerKernels: [Kernel<s16_taps_kernel>] = each(instructionSets8) {
    Kernel(name: String(cString: $0.s16_taps.name), run: $0.s16_taps.run)
  }

  static let pointStep = 48
  /// Fetched, not read: no such memory need be there.
  static let nowhere: kernels_fetch = 4096

  /// Every row of points, and every set of tiles that have its points.
  struct Shape {
    var row: Int
    var tiles: Int
    var threes: Int
    var fours: Int
    /// How many tiles have point `column`.
    func present(_ column: Int) -> Int { column == 3 ? threes : column == 4 ? fours : tiles }
  }

  static let shapes: [Shape] = (0..<6).flatMap { row in
    (1...4).flatMap { tiles in
      (0...tiles).flatMap { threes in
        (0...threes).map { Shape(row: row, tiles: tiles, threes: threes, fours: $0) }
      }
    }
  }

  @Test(arguments: floatKernels, [1, 2, 5]) func floats(_ kernel: Kernel<f32_taps_kernel>, _ blocks: Int) throws {
    var noise = Noise(blocks)
    let taps = try Guarded(noise.floats(blocks * 16 * 9 * 16), aligned: true)
    for (index, shape) in Self.shapes.enumerated() {
      let x = noise.floats(blocks * 6 * 4 * 16)
      let (found, written) = try run(shape, x, filledWith: Float(12345), missing: index % 5) {
        kernel.run(
          shape.row, shape.tiles, shape.threes, shape.fours, blocks, $0, taps.base, Self.nowhere, index % 2 * 64, $1,
          Self.pointStep)
      }
      for point in 0..<6 {
        for tile in 0..<shape.present(point) where written(tile) {
          for output in 0..<16 {
            var (sum, size) = (0.0, 0.0)
            for channel in 0..<blocks * 16 {
              let weight = weight(shape.row, point) { Double(taps.base[(channel * 9 + $0) * 16 + output]) }
              let input = Double(x[((channel / 16 * 6 + point) * 4 + tile) * 16 + channel % 16])
              sum += input * weight
              size += abs(input * weight)
            }
            let value = Double(found[(tile * 6 + point) * 16 + output])
            guard
              holds(
                abs(value - sum) <= 1e-6 * size,
                "\(kernel.name), \(shape), point \(point), tile \(tile), output \(output)")
            else { return }
          }
        }
      }
    }
  }

  @Test(arguments: integerKernels, [1, 2, 5]) func integers(_ kernel: Kernel<s16_taps_kernel>, _ blocks: Int) throws {
    var noise = Noise(blocks)
    let taps = try Guarded((0..<blocks * 32 * 9 * 16).map { _ in Int8(noise.int(-128...127)) }, aligned: true)
    for (index, shape) in Self.shapes.enumerated() {
      // As large as transformed inputs can be, now and then.
      let x = (0..<blocks * 6 * 4 * 32).map { _ in Int16(noise.int(0...3) == 0 ? 4590 : noise.int(-4590...4590)) }
      let (found, written) = try run(shape, x, filledWith: Int32(12345), missing: index % 5) {
        kernel.run(
          shape.row, shape.tiles, shape.threes, shape.fours, blocks, $0, taps.base, Self.nowhere, index % 2 * 64, $1,
          Self.pointStep)
      }
      for point in 0..<6 {
        for tile in 0..<shape.present(point) where written(tile) {
          for output in 0..<16 {
            var sum = 0
            for channel in 0..<blocks * 32 {
              let pair = channel / 2 * 9
              let weight = weight(shape.row, point) {
                Double(taps.base[((pair + $0) * 16 + output) * 2 + channel % 2])
              }
              sum += Int(x[((channel / 32 * 6 + point) * 4 + tile) * 32 + channel % 32]) * Int(weight)
            }
            let value = found[(tile * 6 + point) * 16 + output]
            guard holds(Int(value) == sum, "\(kernel.name), \(shape), point \(point), tile \(tile), output \(output)")
            else { return }
          }
        }
      }
    }
  }

  /// Calls a kernel with `inputs` and a place for the sums of each tile but tile `missing`. Gives its sums as
  /// [tile][point][output], and which tiles have some.
  private func run<Input: BitwiseCopyable, Sum: BitwiseCopyable & Equatable>(
    _ shape: Shape, _ inputs: [Input], filledWith untouched: Sum, missing: Int,
    _ kernel: (_ x: UnsafePointer<CChar>, _ sums: [UnsafeMutablePointer<Sum>?]) -> Void
  ) throws -> ([Sum], (Int) -> Bool) {
    let x = try Guarded(inputs, aligned: true)
    func isWritten(_ tile: Int) -> Bool { tile < shape.tiles && tile != missing }
    // Points lie far apart, and each tile ends where memory ends.
    let places = try (0..<4).map { _ in try Guarded([Sum](repeating: untouched, count: 5 * Self.pointStep + 16)) }
    let sums = places.enumerated().map { isWritten($0) ? Optional($1.base) : nil }
    x.base.withMemoryRebound(to: CChar.self, capacity: inputs.count * MemoryLayout<Input>.stride) { kernel($0, sums) }
    for (tile, place) in places.enumerated() {
      for (index, sum) in place.array.enumerated() where index % Self.pointStep >= 16 || !isWritten(tile) {
        #expect(sum == untouched, "\(shape): element \(index) of tile \(tile) was written")
      }
    }
    return ((0..<4 * 96).map { places[$0 / 96].base[$0 / 16 % 6 * Self.pointStep + $0 % 16] }, isWritten)
  }

  /// The value of a 3×3 filter at one of the 36 points.
  private func weight(_ row: Int, _ column: Int, _ tap: (Int) -> Double) -> Double {
    let powers = [[1.0, 0, 0], [1, 1, 1], [1, -1, 1], [1, 2, 4], [1, -2, 4], [0, 0, 1]]
    var value = 0.0
    for (i, down) in powers[row].enumerated() {
      for (j, across) in powers[column].enumerated() where down * across != 0 {
        value += down * across * tap(3 * i + j)
      }
    }
    return value
  }
}
