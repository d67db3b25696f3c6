import Kernels
import Testing

/// Winograd convolutions, cut for one thread and for several, against the sum written out.
@Suite struct WinogradTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var batch = 1
    var size = (5, 7)
    var channels = 24
    var outputs = 17
    var pad = (1, 1)
    var residual = false

    var testDescription: String { "\(batch)×\(size)×\(channels) → \(outputs), pad \(pad)" }
  }

  static let cases: [Case] = [
    Case(),
    Case(batch: 3, residual: true),
    Case(size: (1, 1), channels: 127, outputs: 33),
    Case(size: (3, 3), channels: 16, outputs: 16, pad: (0, 0)),
    Case(size: (2, 17), channels: 31, outputs: 64, pad: (2, 0), residual: true),
    Case(size: (13, 12), channels: 17, outputs: 40, pad: (0, 2)),
    Case(batch: 2, size: (28, 29), channels: 48, outputs: 65),
    Case(size: (14, 14), channels: 64, outputs: 128, residual: true),
    Case(size: (7, 7), channels: 256, outputs: 24, residual: true),
    Case(batch: 2, size: (11, 9), channels: 16, outputs: 33, residual: true),
    Case(size: (6, 9), channels: 130, outputs: 70, residual: true),  // channels in blocks, the last one shorter
  ]

  @Test(arguments: instructionSets, cases) func winograd(_ isa: kernels_level, _ test: Case) throws {
    for keepsTaps in [false, true] {
      for tile in 2...6 { try check(isa, test, tile: tile, keepsTaps: keepsTaps) }
      for tile in [2, 4] { try check(isa, test, tile: tile, stride: 2, keepsTaps: keepsTaps) }
    }
  }

  /// An input that is not finite reaches the outputs that read it, and no other of its tile.
  @Test(arguments: instructionSets, [Float.nan, .infinity, -.infinity])
  func notFinite(_ isa: kernels_level, _ odd: Float) throws {
    for test in [Self.cases[5], Self.cases[7], Self.cases[9]] {
      for keepsTaps in [false, true] {
        for tile in 2...6 { try check(isa, test, tile: tile, keepsTaps: keepsTaps, odd: odd) }
        for tile in [2, 4] { try check(isa, test, tile: tile, stride: 2, keepsTaps: keepsTaps, odd: odd) }
      }
    }
  }

  private func check(
    _ isa: kernels_level, _ test: Case, tile: Int, stride: Int = 1, keepsTaps: Bool, odd: Float? = nil
  ) throws {
    var noise = Noise(test.channels)
    var plan = f32_winograd()
    (plan.tile, plan.keeps_taps) = (tile, keepsTaps ? 1 : 0)
    plan.geometry =
      Sizes(
        batch: test.batch, input: test.size, channels: test.channels, outputs: test.outputs, stride: (stride, stride),
        pad: test.pad
      ).geometry
    (plan.low, plan.high) = (-1, 20)

    let x = try GuardedFloats(noise.floats(test.batch * test.size.0 * test.size.1 * test.channels))
    if let odd { x.base[x.count / 2] = odd }
    let weights = noise.floats(test.outputs * test.channels * 9)
    let bias = noise.floats(test.outputs)
    let count = test.batch * plan.geometry.out_height * plan.geometry.out_width * test.outputs
    let residual = try GuardedFloats(noise.floats(count))
    let expected = reference(plan, x.array, weights, bias, test.residual ? residual.array : nil)
    // Of sums this long with noise this large, the largest is some three times the root of their length.
    let largest = expected.largest

    for threads in [1, 2, 5] {
      f32_winograd_plan(&plan, isa, Int32(threads))
      let packed = try GuardedFloats([Float](repeating: .nan, count: plan.packed_count), aligned: true)
      f32_winograd_pack(&plan, weights, bias, packed.base)
      #expect(packed.array.allSatisfy { !$0.isNaN })
      let zero = try GuardedFloats([Float](repeating: 0, count: plan.zero_count))
      let scratch = try GuardedFloats([Float](repeating: .nan, count: plan.scratch_bytes / 4), aligned: true)
      let y = try GuardedFloats([Float](repeating: .nan, count: count))
      plan.x = UnsafePointer(x.base)
      plan.w = UnsafePointer(packed.base)
      plan.y = y.base
      plan.y_stride = test.outputs
      plan.zero = UnsafePointer(zero.base)
      plan.scratch = UnsafeMutableRawPointer(scratch.base)
      plan.residual = test.residual ? UnsafePointer(residual.base) : nil
      for task in (0..<plan.input_tasks).reversed() { f32_winograd_inputs_task(&plan, task, 0) }
      for task in (0..<plan.tasks).reversed() { f32_winograd_task(&plan, task, 0) }
      expectEqual(
        y.array.map { $0.isNaN ? 1e9 : $0 }, expected.clamped.map { $0.isNaN ? 1e9 : $0 }, within: 1e-4 * largest,
        "tile \(tile), stride \(stride), \(threads) threads\(keepsTaps ? ", from taps" : "")")
    }
  }

  private func reference(
    _ plan: f32_winograd, _ x: [Float], _ weights: [Float], _ bias: [Float], _ residual: [Float]?
  ) -> (clamped: [Double], largest: Double) {
    let g = plan.geometry
    var y: [Double] = []
    var largest = 0.0
    for image in 0..<g.batch {
      for oy in 0..<g.out_height {
        for ox in 0..<g.out_width {
          for output in 0..<g.out_channels {
            var sum = Double(bias[output]) + Double(residual?[y.count] ?? 0)
            for (tap, ky, kx) in (0..<9).map({ ($0, $0 / 3, $0 % 3) }) {
              let (iy, ix) = (oy * g.stride_height + ky - g.pad_top, ox * g.stride_height + kx - g.pad_left)
              guard iy >= 0, iy < g.in_height, ix >= 0, ix < g.in_width else { continue }
              let pixel = ((image * g.in_height + iy) * g.in_width + ix) * g.in_channels
              for channel in 0..<g.in_channels {
                sum += Double(x[pixel + channel]) * Double(weights[(output * g.in_channels + channel) * 9 + tap])
              }
            }
            if abs(sum) < 1e6 { largest = max(largest, abs(sum)) }
            y.append(min(max(sum, Double(plan.low)), Double(plan.high)))
          }
        }
      }
    }
    return (y, largest)
  }
}
