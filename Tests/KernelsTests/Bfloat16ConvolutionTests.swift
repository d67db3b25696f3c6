import Foundation
import Kernels
import Testing

/// Whole convolutions by products of bf16, cut for one thread and for several, against the sum of the rounded numbers.
@Suite struct Bfloat16ConvolutionTests {
  private static let cases =
    ConvolutionTests.cases.filter { $0.groups == 1 } + [
      // Whole products of inputs, the end of one, and none.
      ConvolutionTests.Case(size: (6, 9), channels: 32, outputs: 32),
      ConvolutionTests.Case(size: (6, 9), channels: 31, outputs: 32, residual: true),
      ConvolutionTests.Case(size: (6, 9), channels: 33, outputs: 31, stride: (2, 2)),
      ConvolutionTests.Case(size: (6, 9), channels: 1, outputs: 1),
      ConvolutionTests.Case(size: (3, 40), channels: 16, outputs: 20, kernel: (5, 5), pad: (2, 2)),
      ConvolutionTests.Case(
        batch: 2, size: (5, 5), channels: 70, outputs: 96, kernel: (1, 1), pad: (0, 0), residual: true),
      ConvolutionTests.Case(size: (2, 3), channels: 8, outputs: 8, kernel: (3, 3), dilation: (4, 4), pad: (4, 4)),
      // Inputs in tiles, the last one not full.
      ConvolutionTests.Case(
        batch: 2, size: (3, 9), channels: 300, outputs: 33, kernel: (1, 1), pad: (0, 0), residual: true),
      ConvolutionTests.Case(size: (9, 11), channels: 320, outputs: 64, kernel: (1, 1), stride: (2, 3), pad: (0, 0)),
      // Phases of strides.
      ConvolutionTests.Case(size: (13, 18), channels: 40, outputs: 40, kernel: (5, 3), stride: (2, 3), pad: (2, 1)),
    ]

  @Test(arguments: instructionSets8, cases) func convolution(_ isa: kernels_level, _ test: ConvolutionTests.Case) throws
  {
    var noise = Noise(test.channels)
    var plan = bf16_convolution()
    plan.geometry =
      Sizes(
        batch: test.batch, input: test.size, channels: test.channels, outputs: test.outputs, kernel: test.kernel,
        stride: test.stride, dilation: test.dilation, pad: test.pad, groups: 1
      ).geometry
    (plan.low, plan.high) = (-1, .infinity)

    let taps = test.kernel.0 * test.kernel.1
    let x = try GuardedFloats(noise.floats(test.batch * test.size.0 * test.size.1 * test.channels))
    let weights = noise.floats(test.outputs * test.channels * taps)
    let bias = noise.floats(test.outputs)
    let count = test.batch * plan.geometry.out_height * plan.geometry.out_width * test.outputs
    let residual = noise.floats(count)
    let expected = ConvolutionTests.reference(
      plan.geometry, low: -1, x.array.map(rounded), weights.map(rounded), bias, test.residual ? residual : nil)

    for threads in [1, 2, 5] {
      bf16_convolution_plan(&plan, isa, Int32(threads))
      let packed = try GuardedFloats([Float](repeating: .nan, count: plan.packed_bytes / 4), aligned: true)
      bf16_convolution_pack(&plan, weights, bf16_convolution_layout(&plan), bias, 1, packed.base)
      let scratch = try GuardedFloats([Float](repeating: .nan, count: plan.scratch_bytes / 4), aligned: true)
      let y = try GuardedFloats([Float](repeating: .nan, count: count))
      plan.x = UnsafePointer(x.base)
      plan.w = UnsafeRawPointer(packed.base)
      plan.y = y.base
      plan.y_stride = test.outputs
      plan.scratch = UnsafeMutableRawPointer(scratch.base)
      residual.withUnsafeBufferPointer { residual in
        plan.residual = test.residual ? residual.baseAddress : nil
        for task in (0..<plan.tasks).reversed() { bf16_convolution_task(&plan, task, 0) }
      }
      expectEqual(y.array, expected, within: 3e-7 * Double(test.channels * taps + 8), "\(threads) threads")

      // Inputs that are bf16 numbers already, and outputs that are rounded to them: the same numbers.
      let narrowX = try Guarded(x.array.map { UInt16(rounded($0).bitPattern >> 16) })
      let narrowY = try Guarded([UInt16](repeating: 0x7FC0, count: count))
      plan.narrow_x = UnsafePointer(narrowX.base)
      plan.narrow_y = narrowY.base
      (plan.x, plan.y) = (nil, nil)
      residual.withUnsafeBufferPointer { residual in
        plan.residual = test.residual ? residual.baseAddress : nil
        for task in 0..<plan.tasks { bf16_convolution_task(&plan, task, 0) }
      }
      #expect(narrowY.array == y.array.map { UInt16(rounded($0).bitPattern >> 16) }, "\(threads) threads")
      (plan.narrow_x, plan.narrow_y) = (nil, nil)

      // An activation is what f32_apply makes of the sums.
      let activated = try GuardedFloats([Float](repeating: .nan, count: count))
      plan.activation = f32_activation(applies: 1, function: F32_SWISH, a: 1, b: 0)
      (plan.x, plan.y) = (UnsafePointer(x.base), activated.base)
      residual.withUnsafeBufferPointer { residual in
        plan.residual = test.residual ? residual.baseAddress : nil
        for task in 0..<plan.tasks { bf16_convolution_task(&plan, task, 0) }
      }
      expectEqual(
        activated.array, y.array.map { Double($0) / (1 + exp(-Double($0))) }, within: 1e-5, "\(threads) threads, Swish")
      plan.activation = f32_activation()
    }
  }

  /// A NaN or an infinity reaches the outputs whose windows hold it, and no other.
  @Test(arguments: instructionSets8, [Float.nan, .infinity]) func notFinite(_ isa: kernels_level, _ value: Float) throws
  {
    for channels in [3, 40] {
      var plan = bf16_convolution()
      plan.geometry = Sizes(input: (6, 40), channels: channels, outputs: 33, kernel: (3, 3), pad: (1, 1)).geometry
      (plan.low, plan.high) = (-.infinity, .infinity)
      bf16_convolution_plan(&plan, isa, 1)
      var x = [Float](repeating: 1, count: 6 * 40 * channels)
      x[(3 * 40 + 17) * channels + 1] = value
      let packed = try GuardedFloats([Float](repeating: 0, count: plan.packed_bytes / 4), aligned: true)
      let weights = [Float](repeating: 1, count: 33 * channels * 9)
      bf16_convolution_pack(&plan, weights, bf16_convolution_layout(&plan), nil, 1, packed.base)
      let scratch = try GuardedFloats([Float](repeating: .nan, count: plan.scratch_bytes / 4), aligned: true)
      let y = try GuardedFloats([Float](repeating: 0, count: 6 * 40 * 33))
      plan.w = UnsafeRawPointer(packed.base)
      plan.y = y.base
      plan.y_stride = 33
      plan.scratch = UnsafeMutableRawPointer(scratch.base)
      x.withUnsafeBufferPointer { x in
        plan.x = x.baseAddress
        for task in 0..<plan.tasks { bf16_convolution_task(&plan, task, 0) }
      }
      for row in 0..<6 {
        for column in 0..<40 {
          let sees = (2...4).contains(row) && (16...18).contains(column)
          let own = y.array[((row * 40 + column) * 33)..<((row * 40 + column) * 33 + 33)]
          #expect(own.allSatisfy { $0.isFinite != sees }, "row \(row), column \(column), \(channels) channels")
        }
      }
    }
  }

  /// To the nearest number of 8 bits of significand, halves to even.
  private func rounded(_ value: Float) -> Float {
    let bits = value.bitPattern
    return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
  }
}
