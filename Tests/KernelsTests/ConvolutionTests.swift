import Kernels
import Testing

/// Whole convolutions, cut for one thread and for several, against the sum written out.
@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var batch = 1
    var size = (5, 7)
    var channels = 24
    var outputs = 17
    var kernel = (3, 3)
    var stride = (1, 1)
    var dilation = (1, 1)
    var pad = (1, 1)
    var groups = 1
    var residual = false

    var geometry: convolution_geometry {
      Sizes(
        batch: batch, input: size, channels: channels, outputs: outputs, kernel: kernel, stride: stride,
        dilation: dilation, pad: pad, groups: groups
      ).geometry
    }

    var testDescription: String {
      "\(batch)×\(size)×\(channels) → \(outputs), kernel \(kernel), stride \(stride), dilation \(dilation), "
        + "pad \(pad), groups \(groups)"
    }
  }

  static let cases: [Case] = [
    Case(),
    Case(batch: 3, residual: true),
    Case(size: (1, 1), channels: 127, outputs: 33, kernel: (1, 1), pad: (0, 0)),
    Case(batch: 3, size: (13, 11), channels: 64, outputs: 64, kernel: (1, 1), stride: (2, 2), pad: (0, 0)),
    Case(batch: 3, size: (13, 11), channels: 9, outputs: 20, kernel: (1, 1), pad: (0, 0), residual: true),
    Case(size: (13, 11), channels: 9, outputs: 8, kernel: (1, 1), pad: (1, 2)),
    Case(size: (23, 31), channels: 3, outputs: 64, kernel: (7, 7), stride: (2, 2), pad: (3, 3)),
    Case(batch: 2, size: (31, 29), channels: 3, outputs: 8, stride: (2, 2)),
    Case(size: (5, 2), channels: 20, outputs: 8, kernel: (3, 5), pad: (1, 2)),
    Case(batch: 2, size: (3, 4), channels: 3, outputs: 5, kernel: (7, 7), stride: (1, 1), pad: (3, 3), residual: true),
    Case(size: (40, 40), channels: 5, outputs: 16, kernel: (3, 5), stride: (1, 3), pad: (0, 2)),
    Case(size: (9, 12), channels: 16, outputs: 33, dilation: (2, 3), pad: (2, 3)),
    Case(size: (9, 12), channels: 17, outputs: 33, stride: (3, 1), dilation: (3, 2), pad: (4, 5)),
    Case(batch: 3, size: (6, 6), channels: 32, outputs: 32, groups: 8, residual: true),
    Case(size: (6, 6), channels: 12, outputs: 36, groups: 3),
    Case(size: (6, 6), channels: 8, outputs: 16, groups: 8),
    Case(size: (6, 6), channels: 34, outputs: 66, groups: 2, residual: true),
    Case(size: (1, 50), channels: 20, outputs: 30, kernel: (1, 5), pad: (0, 2)),
    Case(size: (28, 28), channels: 96, outputs: 80),
    Case(batch: 2, size: (7, 7), channels: 513, outputs: 130, kernel: (1, 1), pad: (0, 0), residual: true),
    // Weights that do not stay near: several passes over the taps.
    Case(size: (7, 7), channels: 512, outputs: 40, residual: true),
  ]

  @Test(arguments: instructionSets, cases) func convolution(_ isa: kernels_level, _ test: Case) throws {
    var noise = Noise(test.channels)
    var plan = f32_convolution()
    plan.geometry = test.geometry
    (plan.low, plan.high) = (-1, .infinity)

    let taps = test.kernel.0 * test.kernel.1
    let groupChannels = test.channels / test.groups
    let x = try GuardedFloats(noise.floats(test.batch * test.size.0 * test.size.1 * test.channels))
    let weights = noise.floats(test.outputs * groupChannels * taps)
    let bias = noise.floats(test.outputs)
    let count = test.batch * plan.geometry.out_height * plan.geometry.out_width * test.outputs
    let residual = noise.floats(count)
    let expected = ConvolutionTests.reference(
      plan.geometry, low: -1, x.array, weights, bias, test.residual ? residual : nil)

    for threads in [1, 2, 5] {
      f32_convolution_plan(&plan, isa, Int32(threads))
      let packed = try GuardedFloats([Float](repeating: .nan, count: plan.packed_count), aligned: true)
      f32_convolution_pack(&plan, weights, f32_convolution_layout(&plan), bias, 1, packed.base)
      #expect(packed.array.allSatisfy { !$0.isNaN })
      let zero = try GuardedFloats([Float](repeating: 0, count: plan.zero_count))
      let scratch = try GuardedFloats([Float](repeating: 0, count: plan.scratch_bytes / 4), aligned: true)
      let stride = test.outputs + (threads == 2 ? 3 : 0)
      let y = try GuardedFloats([Float](repeating: .nan, count: count / test.outputs * stride))
      // As a slice too, where the kernel does not read whole rows.
      let isSlice = threads == 5 && plan.row_taps == 0
      if isSlice { plan.x_stride += 6 }
      let given = try GuardedFloats(isSlice ? spread(x.array, channels: test.channels, stride: plan.x_stride) : x.array)
      plan.x = UnsafePointer(given.base)
      plan.w = UnsafePointer(packed.base)
      plan.y = y.base
      plan.y_stride = stride
      plan.zero = UnsafePointer(zero.base)
      plan.scratch = UnsafeMutableRawPointer(scratch.base)
      residual.withUnsafeBufferPointer { residual in
        plan.residual = test.residual ? residual.baseAddress : nil
        for task in (0..<plan.tasks).reversed() { f32_convolution_task(&plan, task, 0) }
      }
      expectEqual(
        slice(y.array, channels: test.outputs, stride: stride), expected,
        within: 3e-7 * Double(groupChannels * taps + 8), "\(threads) threads")
    }
  }

  static let pointwise = cases.filter {
    var geometry = $0.geometry
    return f32_convolution_fits_before(&geometry) != 0
  }

  /// Scale, shift and clamp of every pixel before the products.
  @Test(arguments: instructionSets, pointwise) func convolutionWithBefore(_ isa: kernels_level, _ test: Case) throws {
    var noise = Noise(test.channels)
    var plan = f32_convolution()
    plan.geometry = test.geometry
    (plan.low, plan.high, plan.has_before) = (-1, .infinity, 1)
    (plan.before.low, plan.before.high) = (0, 0.7)
    let pixels = test.batch * test.size.0 * test.size.1
    let x = noise.floats(pixels * test.channels)
    let (scale, shift) = (noise.floats(test.channels), noise.floats(test.channels))
    let (weights, bias) = (noise.floats(test.outputs * test.channels), noise.floats(test.outputs))
    let residual = noise.floats(pixels * test.outputs)
    let prepared = x.enumerated().map { index, value in
      min(max(value * scale[index % test.channels] + shift[index % test.channels], 0), 0.7)
    }
    let expected = ConvolutionTests.reference(
      plan.geometry, low: -1, prepared, weights, bias, test.residual ? residual : nil)
    for threads in [1, 2, 5] {
      f32_convolution_plan(&plan, isa, Int32(threads))
      if threads == 2 { plan.x_stride += 3 }
      let given = try GuardedFloats(spread(x, channels: test.channels, stride: plan.x_stride))
      let packed = try GuardedFloats([Float](repeating: .nan, count: plan.packed_count), aligned: true)
      f32_convolution_pack(&plan, weights, f32_convolution_layout(&plan), bias, 1, packed.base)
      let zero = try GuardedFloats([Float](repeating: 0, count: plan.zero_count))
      let scratch = try GuardedFloats([Float](repeating: 0, count: plan.scratch_bytes / 4), aligned: true)
      let y = try GuardedFloats([Float](repeating: .nan, count: residual.count))
      let (factors, shifts) = (try GuardedFloats(scale), try GuardedFloats(shift))
      (plan.x, plan.w, plan.y) = (UnsafePointer(given.base), UnsafePointer(packed.base), y.base)
      (plan.before.scale, plan.before.shift) = (UnsafePointer(factors.base), UnsafePointer(shifts.base))
      (plan.y_stride, plan.zero) = (test.outputs, UnsafePointer(zero.base))
      plan.scratch = UnsafeMutableRawPointer(scratch.base)
      residual.withUnsafeBufferPointer { residual in
        plan.residual = test.residual ? residual.baseAddress : nil
        for task in (0..<plan.tasks).reversed() { f32_convolution_task(&plan, task, 0) }
      }
      expectEqual(y.array, expected, within: 6e-7 * Double(test.channels + 8), "\(threads) threads")
    }
  }

  static func reference(
    _ g: convolution_geometry, low: Double, _ x: [Float], _ weights: [Float], _ bias: [Float], _ residual: [Float]?
  ) -> [Double] {
    let (groupChannels, groupOutputs) = (g.in_channels / g.groups, g.out_channels / g.groups)
    var y: [Double] = []
    for image in 0..<g.batch {
      for oy in 0..<g.out_height {
        for ox in 0..<g.out_width {
          for output in 0..<g.out_channels {
            var sum = Double(bias[output]) + Double(residual?[y.count] ?? 0)
            for ky in 0..<g.kernel_height {
              let iy = oy * g.stride_height + ky * g.dilation_height - g.pad_top
              for kx in 0..<g.kernel_width {
                let ix = ox * g.stride_width + kx * g.dilation_width - g.pad_left
                guard iy >= 0, iy < g.in_height, ix >= 0, ix < g.in_width else { continue }
                let pixel = ((image * g.in_height + iy) * g.in_width + ix) * g.in_channels
                for channel in 0..<groupChannels {
                  let w = ((output * groupChannels + channel) * g.kernel_height + ky) * g.kernel_width + kx
                  sum += Double(x[pixel + output / groupOutputs * groupChannels + channel]) * Double(weights[w])
                }
              }
            }
            y.append(max(sum, low))
          }
        }
      }
    }
    return y
  }
}
