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

  @Test(arguments: cases) func winograd(_ test: Case) throws { try checkAll(test) }

  /// An input that is not finite reaches the outputs that read it, and no other of its tile.
  @Test(arguments: [cases[5], cases[7], cases[9]], [Float.nan, .infinity, -.infinity])
  func notFinite(_ test: Case, _ odd: Float) throws { try checkAll(test, odd: odd) }

  /// Every tile at every level, against one reference for each stride.
  private func checkAll(_ test: Case, odd: Float? = nil) throws {
    for (stride, tiles) in [(1, [2, 3, 4, 5, 6]), (2, [2, 4])] {
      let problem = try Problem(test, stride: stride, odd: odd)
      for isa in instructionSets {
        for keepsTaps in [false, true] {
          for tile in tiles { try check(isa, problem, tile: tile, keepsTaps: keepsTaps) }
        }
      }
    }
  }

  /// Inputs and what must come out.
  private struct Problem {
    var plan = f32_winograd()
    let x: GuardedFloats
    let weights: [Float]
    let bias: [Float]
    let residual: GuardedFloats?
    let expected: [Double]
    /// Of all sums.
    let largest: Double

    init(_ test: Case, stride: Int, odd: Float?) throws {
      var noise = Noise(test.channels)
      plan.geometry =
        Sizes(
          batch: test.batch, input: test.size, channels: test.channels, outputs: test.outputs, stride: (stride, stride),
          pad: test.pad
        ).geometry
      (plan.low, plan.high) = (-1, 20)
      x = try GuardedFloats(noise.floats(test.batch * test.size.0 * test.size.1 * test.channels))
      if let odd { x.base[x.count / 2] = odd }
      weights = noise.floats(test.outputs * test.channels * 9)
      bias = noise.floats(test.outputs)
      let count = test.batch * plan.geometry.out_height * plan.geometry.out_width * test.outputs
      residual = test.residual ? try GuardedFloats(noise.floats(count)) : nil
      (expected, largest) = WinogradTests.reference(plan, x.array, weights, bias, residual?.array)
    }
  }

  private func check(_ isa: kernels_level, _ problem: Problem, tile: Int, keepsTaps: Bool) throws {
    var plan = problem.plan
    (plan.tile, plan.keeps_taps) = (tile, keepsTaps ? 1 : 0)
    for threads in [1, 2, 5] {
      f32_winograd_plan(&plan, isa, Int32(threads))
      let packed = try GuardedFloats([Float](repeating: .nan, count: plan.packed_count), aligned: true)
      f32_winograd_pack(&plan, problem.weights, problem.bias, packed.base)
      #expect(packed.array.allSatisfy { !$0.isNaN })
      let zero = try GuardedFloats([Float](repeating: 0, count: plan.zero_count))
      let scratch = try GuardedFloats([Float](repeating: .nan, count: plan.scratch_bytes / 4), aligned: true)
      let outputs = plan.geometry.out_channels, stride = outputs + (threads == 2 ? 3 : 0)
      let y = try GuardedFloats([Float](repeating: .nan, count: problem.expected.count / outputs * stride))
      plan.x = UnsafePointer(problem.x.base)
      plan.w = UnsafePointer(packed.base)
      plan.y = y.base
      plan.y_stride = stride
      plan.zero = UnsafePointer(zero.base)
      plan.scratch = UnsafeMutableRawPointer(scratch.base)
      plan.residual = problem.residual.map { UnsafePointer($0.base) }
      for task in (0..<plan.input_tasks).reversed() { f32_winograd_inputs_task(&plan, task, 0) }
      for task in (0..<plan.tasks).reversed() { f32_winograd_task(&plan, task, 0) }
      // Of sums this long with noise this large, the largest is some three times the root of their length.
      expectEqual(
        slice(y.array, channels: outputs, stride: stride).map { $0.isNaN ? 1e9 : $0 },
        problem.expected.map { $0.isNaN ? 1e9 : $0 },
        within: 1e-4 * problem.largest,
        "\(isa.testDescription): tile \(tile), stride \(plan.geometry.stride_height), \(threads) threads"
          + (keepsTaps ? ", from taps" : ""))
    }
  }

  private static func reference(
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
