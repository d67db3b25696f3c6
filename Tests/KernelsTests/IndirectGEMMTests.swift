import Kernels
import Testing

/// Every f32_igemm kernel against the sum written out, over sizes that fit no register.
@Suite struct IndirectGEMMTests {
  @Test(arguments: instructionSets, [1, 3, 5, 16, 17, 64, 127])
  func tiles(_ isa: kernels_level, _ channels: Int) throws {
    let family = try #require(f32_igemm_for(isa)).pointee
    var noise = Noise(channels)
    for pixels in 1...family.mr {
      for outputs in [1, 7, 8, 9, 15, 16, 17, 31, 32] where outputs <= family.nr {
        for (taps, hasResidual, clamps) in [(1, false, false), (3, true, false), (2, false, true), (9, true, true)] {
          try check(
            isa, pixels: pixels, outputs: outputs, taps: taps, channels: channels, hasResidual: hasResidual,
            clamps: clamps, &noise)
        }
      }
    }
  }

  private func check(
    _ isa: kernels_level, pixels: Int, outputs: Int, taps: Int, channels: Int, hasResidual: Bool, clamps: Bool,
    _ noise: inout Noise
  ) throws {
    let found = try #require(f32_igemm_for(isa))
    let family = found.pointee
    let weights = noise.floats(outputs * channels * taps)
    let bias = noise.floats(outputs)
    let packedCount = f32_igemm_packed_count(found, outputs, taps, channels)
    #expect(packedCount == family.nr * (1 + taps * channels))
    let packed = try GuardedFloats([Float](repeating: .nan, count: packedCount), aligned: true)
    f32_igemm_pack(
      found, weights, f32_weight_layout(output_stride: channels * taps, channel_stride: taps, tap_stride: 1), bias, 1,
      outputs, taps, channels, 1, packed.base)

    // The kernel reads from channel 2 of rows that end at the end of memory.
    let skipped = 2
    var rows: [GuardedFloats] = []
    var pointers = [UnsafePointer<Float>?](repeating: nil, count: taps * family.mr)
    for tap in 0..<taps {
      for pixel in 0..<pixels {
        let row = try GuardedFloats(noise.floats(skipped + channels))
        pointers[tap * family.mr + pixel] = UnsafePointer(row.base)
        rows.append(row)
      }
    }
    let stride = outputs + 3
    let untouched: Float = 12345
    let target = try GuardedFloats([Float](repeating: untouched, count: (pixels - 1) * stride + outputs))
    let residual = noise.floats(pixels * outputs)
    var epilogue = f32_igemm_epilogue(
      y_stride: stride, residual_stride: outputs, low: clamps ? -0.5 : -.infinity, high: clamps ? 0.75 : .infinity,
      ahead: 0, ahead_step: taps % 2 == 0 ? 64 : 0)
    family.run(
      pixels, outputs, taps, channels, pointers, skipped, packed.base, packed.base + family.nr, target.base,
      hasResidual ? residual : nil,
      &epilogue)

    var expected = [Double](repeating: Double(untouched), count: target.count)
    for pixel in 0..<pixels {
      for output in 0..<outputs {
        var sum = Double(bias[output])
        for tap in 0..<taps {
          for channel in 0..<channels {
            let x = rows[tap * pixels + pixel].base[skipped + channel]
            sum += Double(x) * Double(weights[(output * channels + channel) * taps + tap])
          }
        }
        if hasResidual { sum += Double(residual[pixel * outputs + output]) }
        expected[pixel * stride + output] = clamps ? min(max(sum, -0.5), 0.75) : sum
      }
    }
    expectEqual(
      target.array, expected, within: 2e-7 * Double(channels * taps + 8),
      "\(String(cString: family.name)) pixels \(pixels) outputs \(outputs) taps \(taps) channels \(channels)")
  }

  /// Products of a row, for as many panels as a kernel takes at once.
  @Test(arguments: instructionSets, [1, 3, 17, 127]) func rows(_ isa: kernels_level, _ depth: Int) throws {
    let family = try #require(f32_igemm_for(isa)).pointee
    let step = family.nr * (1 + depth)
    var noise = Noise(depth)
    for panels in 1...Int(F32_GEMV_PANELS) {
      let packed = try GuardedFloats(noise.floats(panels * step), aligned: true)
      let x = try GuardedFloats(noise.floats(depth))
      let sums = try GuardedFloats([Float](repeating: .nan, count: panels * family.nr), aligned: true)
      family.run_row(panels, depth, x.base, packed.base, step, sums.base)
      var expected: [Double] = []
      for panel in 0..<panels {
        for output in 0..<family.nr {
          let column = packed.base + panel * step + output
          var sum = Double(column[0])
          for place in 0..<depth { sum += Double(x.base[place]) * Double(column[(1 + place) * family.nr]) }
          expected.append(sum)
        }
      }
      expectEqual(sums.array, expected, within: 2e-7 * Double(depth + 8), "\(panels) panels, depth \(depth)")
    }
  }

  @Test(arguments: instructionSets) func nanStaysNaN(_ isa: kernels_level) throws {
    let found = try #require(f32_igemm_for(isa))
    let nr = found.pointee.nr
    let packed = try GuardedFloats([Float](repeating: 1, count: nr * 2), aligned: true)
    let x: [Float] = [.nan]
    for outputs in [nr, 1] {
      let y = try GuardedFloats([Float](repeating: 0, count: outputs))
      var epilogue = f32_igemm_epilogue(y_stride: nr, residual_stride: nr, low: 0, high: 6, ahead: 0, ahead_step: 0)
      x.withUnsafeBufferPointer { x in
        let rows = [UnsafePointer<Float>?](repeating: x.baseAddress, count: found.pointee.mr)
        found.pointee.run(1, outputs, 1, 1, rows, 0, packed.base, packed.base + nr, y.base, nil, &epilogue)
      }
      #expect(y.array.allSatisfy { $0.isNaN })
    }
  }
}
