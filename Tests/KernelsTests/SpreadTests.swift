import Kernels
import Testing

/// Interpolation and the sums of transposed convolutions at every instruction set.
@Suite struct SpreadTests {
  @Test(arguments: instructionSets, [(1, 1), (2, 3), (40, 17), (3, 64)])
  func interpolation(_ isa: kernels_level, _ size: (outer: Int, inner: Int)) throws {
    var noise = Noise(size.inner)
    for taps in [1, 2, 4] {
      let (input, output) = (5, 8)
      let x = try GuardedFloats(noise.floats(size.outer * input * size.inner))
      let places = (0..<output * taps).map { _ in noise.int(0...input - 1) }
      let weights = noise.floats(output * taps)
      let y = try GuardedFloats([Float](repeating: .nan, count: size.outer * output * size.inner))
      var expected: [Double] = []
      for outer in 0..<size.outer {
        for place in 0..<output {
          for inner in 0..<size.inner {
            var sum = 0.0
            for tap in place * taps..<(place + 1) * taps {
              sum += Double(weights[tap]) * Double(x.base[(outer * input + places[tap]) * size.inner + inner])
            }
            expected.append(sum)
          }
        }
      }
      places.withUnsafeBufferPointer { places in
        weights.withUnsafeBufferPointer { weights in
          var interpolate = f32_interpolate()
          (interpolate.isa, interpolate.outer, interpolate.inner) = (isa, size.outer, size.inner)
          (interpolate.input, interpolate.output, interpolate.taps) = (input, output, taps)
          (interpolate.places, interpolate.weights) = (places.baseAddress, weights.baseAddress)
          (interpolate.x, interpolate.y) = (UnsafePointer(x.base), y.base)
          f32_interpolate_plan(&interpolate)
          for task in 0..<interpolate.tasks { f32_interpolate_task(&interpolate, task, 0) }
        }
      }
      expectEqual(y.array, expected, within: 1e-5, "\(taps) taps")
    }
  }

  /// Every window is the product of its pixel.
  @Test(arguments: instructionSets, [1, 3, 16, 37]) func patches(_ isa: kernels_level, _ filters: Int) throws {
    var noise = Noise(filters)
    for (channels, kernel) in [(1, (2, 2)), (17, (1, 3)), (64, (2, 2)), (5, (3, 1))] {
      var patches = f32_patches()
      (patches.batch, patches.height, patches.width) = (2, 3, noise.int(1...40))
      (patches.channels, patches.filters) = (channels, filters)
      (patches.kernel_height, patches.kernel_width) = (kernel.0, kernel.1)
      f32_patches_plan(&patches, isa)
      let taps = kernel.0 * kernel.1
      let x = try GuardedFloats(noise.floats(6 * patches.width * channels))
      let weights = noise.floats(channels * filters * taps)
      let bias = noise.floats(filters)
      let stride = filters + 3
      let columns = patches.width * kernel.1
      let count = 6 * kernel.0 * columns * stride - 3
      let y = try GuardedFloats([Float](repeating: 7, count: count))
      let w = try Guarded([Float](repeating: 0, count: taps * patches.tap_count), aligned: true)
      let zeros = [Float](repeating: 0, count: patches.row.zero_count)
      let scratch = try Guarded([UInt8](repeating: 0, count: patches.scratch_bytes), aligned: true)
      f32_patches_pack(&patches, weights, bias, w.base)
      zeros.withUnsafeBufferPointer { zeros in
        (patches.x, patches.y, patches.y_stride) = (UnsafePointer(x.base), y.base, stride)
        (patches.w, patches.zero, patches.scratch) = (
          UnsafePointer(w.base), zeros.baseAddress, UnsafeMutableRawPointer(scratch.base)
        )
        for task in 0..<patches.tasks { f32_patches_task(&patches, task, 0) }
      }
      var expected = [Double](repeating: 7, count: count)
      for pixel in 0..<6 * kernel.0 * columns {
        let (row, column) = (pixel / columns, pixel % columns)
        let tap = row % kernel.0 * kernel.1 + column % kernel.1
        let from = (row / kernel.0 * patches.width + column / kernel.1) * channels
        for filter in 0..<filters {
          var sum = Double(bias[filter])
          for channel in 0..<channels {
            sum += Double(x.base[from + channel]) * Double(weights[(channel * filters + filter) * taps + tap])
          }
          expected[pixel * stride + filter] = sum
        }
      }
      expectEqual(y.array, expected, within: 1e-4, "\(channels) channels, \(filters) filters")
    }
  }

  /// Each product is added where its tap falls.
  @Test(arguments: instructionSets, [1, 3, 16, 37]) func tapSums(_ isa: kernels_level, _ channels: Int) throws {
    var noise = Noise(channels)
    for round in 0..<6 {
      var g = convolution_geometry()
      (g.batch, g.in_channels, g.out_height, g.out_width) = (2, channels, 3, 4)
      (g.kernel_height, g.kernel_width) = (noise.int(1...3), noise.int(1...4))
      (g.stride_height, g.stride_width) = (noise.int(1...3), noise.int(1...2))
      (g.dilation_height, g.dilation_width) = (round % 2 + 1, 1)
      (g.pad_top, g.pad_left) = (noise.int(0...1), noise.int(0...1))
      g.in_height = max(1, 2 * g.stride_height + g.dilation_height * (g.kernel_height - 1) + 1 - g.pad_top)
      g.in_width = max(1, 3 * g.stride_width + g.kernel_width - g.pad_left)
      let taps = g.kernel_height * g.kernel_width
      let x = try GuardedFloats(noise.floats(2 * 12 * taps * channels))
      let bias = noise.floats(channels)
      var expected = (0..<2 * g.in_height * g.in_width * channels).map { Double(bias[$0 % channels]) }
      for pixel in 0..<2 * 12 {
        let (image, oy, ox) = (pixel / 12, pixel / 4 % 3, pixel % 4)
        for tap in 0..<taps {
          let iy = oy * g.stride_height + tap / g.kernel_width * g.dilation_height - g.pad_top
          let ix = ox * g.stride_width + tap % g.kernel_width - g.pad_left
          guard iy >= 0, iy < g.in_height, ix >= 0, ix < g.in_width else { continue }
          for channel in 0..<channels {
            let cell = ((image * g.in_height + iy) * g.in_width + ix) * channels + channel
            expected[cell] += Double(x.base[(pixel * taps + tap) * channels + channel])
          }
        }
      }
      let y = try GuardedFloats([Float](repeating: .nan, count: expected.count))
      bias.withUnsafeBufferPointer { bias in
        var sums = f32_tap_sums()
        (sums.geometry, sums.isa, sums.x, sums.y) = (g, isa, UnsafePointer(x.base), y.base)
        sums.bias = bias.baseAddress
        f32_tap_sums_plan(&sums)
        for task in 0..<sums.tasks { f32_tap_sums_task(&sums, task, 0) }
      }
      expectEqual(y.array, expected, within: 1e-5, "\(g)")
    }
  }
}
