import Kernels
import Testing

/// 8-bit depthwise convolutions at every level against ONNX's meaning in double arithmetic.
@Suite struct QuantizedDepthwiseTests {
  private static let windows: [Sizes] = [
    Sizes(input: (5, 7), channels: 1, outputs: 1),
    Sizes(batch: 2, input: (6, 9), channels: 1, outputs: 1, stride: (2, 2)),
    Sizes(input: (5, 8), channels: 1, outputs: 1, kernel: (5, 5), pad: (2, 2)),
    Sizes(batch: 2, input: (9, 7), channels: 1, outputs: 1, kernel: (5, 5), stride: (2, 2), pad: (2, 2)),
    Sizes(input: (9, 12), channels: 1, outputs: 1, dilation: (2, 3), pad: (2, 3)),
    // Windows side by side, with gaps between them, and of one tap.
    Sizes(input: (7, 7), channels: 1, outputs: 1, stride: (3, 3), pad: (0, 0)),
    Sizes(input: (9, 10), channels: 1, outputs: 1, kernel: (2, 2), stride: (3, 3), pad: (0, 0)),
    Sizes(batch: 2, input: (4, 5), channels: 1, outputs: 1, kernel: (1, 1), pad: (0, 0)),
    // One column; windows that lie in the padding altogether; larger than the picture.
    Sizes(input: (3, 1), channels: 1, outputs: 1),
    Sizes(input: (2, 2), channels: 1, outputs: 1, pad: (4, 4)),
    Sizes(input: (3, 4), channels: 1, outputs: 1, kernel: (7, 7), pad: (3, 3)),
    Sizes(input: (3, 11), channels: 1, outputs: 1, kernel: (1, 5), pad: (0, 2)),
    Sizes(input: (8, 9), channels: 1, outputs: 1, kernel: (4, 2), stride: (2, 1), pad: (1, 0)),
  ]

  enum Weights: CaseIterable {
    case signed, signedWithZeros, unsigned, unsignedWithoutZeros, ones
  }

  @Test(arguments: instructionSets8, [1, 3, 5, 15, 16, 17, 31, 33, 48, 64, 80, 96, 127])
  func convolution(_ isa: kernels_level, _ channels: Int) throws {
    var noise = Noise(channels)
    for var sizes in QuantizedDepthwiseTests.windows {
      sizes.channels = channels
      for weights in Weights.allCases { try check(isa, sizes, weights, &noise) }
    }
  }

  private func check(_ isa: kernels_level, _ sizes: Sizes, _ kind: Weights, _ noise: inout Noise) throws {
    func range(_ signed: Bool) -> ClosedRange<Int> { signed ? -128...127 : 0...255 }
    let (channels, taps) = (sizes.channels, sizes.kernel.height * sizes.kernel.width)
    let (signed, ySigned) = (noise.int(0...1) == 1, noise.int(0...1) == 1)
    let wSigned = kind == .signed || kind == .signedWithZeros
    let (zero, yZero) = (noise.int(range(signed)), noise.int(range(ySigned)))
    // Every fourth weight and input is at the end of its range.
    func number(_ range: ClosedRange<Int>) -> Int {
      [noise.int(range), noise.int(range), noise.int(range), range.upperBound][noise.int(0...3)]
    }
    let values = (0..<sizes.batch * sizes.input.height * sizes.input.width * channels).map { _ in number(range(signed))
    }
    let weights = (0..<channels * taps).map { _ in kind == .ones ? 1 : number(range(wSigned)) }
    let hasZeros = kind == .signedWithZeros || kind == .unsigned
    let zeros = (0..<channels).map { _ in Int32(hasZeros ? noise.int(range(wSigned)) : 0) }
    let bias = (0..<channels).map { _ in Int32(noise.int(-5000...5000)) }
    let scale = 60 / (Float(128 * 100) * Float(taps).squareRoot())
    // No round numbers: where halves are the rule, the last bit of a float decides.
    let multipliers = (0..<channels).map { _ in
      (kind == .ones ? 1 : scale) * Float(noise.int(50_000...100_000)) / 100_003 * (noise.int(0...4) == 0 ? -1 : 1)
    }
    let shifts = (0..<channels).map { _ in Float(noise.int(-100_000...100_000)) / 7703 }
    let hasShifts = noise.int(0...1) == 1

    var plan = q8_depthwise()
    plan.geometry = sizes.geometry
    (plan.x_signed, plan.x_zero, plan.y_zero) = (signed ? 1 : 0, Int32(zero), Int32(yZero))
    // A Relu that was folded in.
    let low = noise.int(0...1) == 1 ? yZero : range(ySigned).lowerBound
    (plan.low, plan.high) = (Int32(low), Int32(range(ySigned).upperBound - noise.int(0...9)))
    q8_depthwise_plan(&plan, isa)
    let w = try GuardedBytes(weights)
    func pack(_ packed: UnsafeMutableRawPointer?, _ room: Int) -> Int {
      q8_depthwise_pack(
        &plan, kind == .ones ? nil : w.base, wSigned ? 1 : 0, hasZeros ? zeros : nil, bias, multipliers,
        hasShifts ? shifts : nil, packed, room)
    }
    let size = pack(nil, 0)
    let packed = try GuardedBytes(count: size, aligned: true)
    // Too little room: nothing is written behind it.
    #expect(pack(packed.base, min(size, plan.packed_bytes)) == size)
    #expect(pack(packed.base, size) == size)

    let x = try GuardedBytes(values)
    let g = plan.geometry
    let y = try GuardedBytes(count: g.batch * g.out_height * g.out_width * channels)
    let scratch = try GuardedBytes(count: plan.scratch_bytes, aligned: true)
    (plan.x, plan.w) = (UnsafeRawPointer(x.base), UnsafeRawPointer(packed.base))
    (plan.y, plan.scratch) = (y.base, scratch.base)
    for task in (0..<plan.tasks).reversed() { q8_depthwise_task(&plan, task, 0) }

    var expected: [Int] = []
    for image in 0..<g.batch {
      for oy in 0..<g.out_height {
        for ox in 0..<g.out_width {
          for c in 0..<channels {
            var sum = Int(bias[c])
            for tap in 0..<taps {
              let iy = oy * g.stride_height + tap / g.kernel_width * g.dilation_height - g.pad_top
              let ix = ox * g.stride_width + tap % g.kernel_width * g.dilation_width - g.pad_left
              guard iy >= 0, iy < g.in_height, ix >= 0, ix < g.in_width else { continue }
              let value = values[((image * g.in_height + iy) * g.in_width + ix) * channels + c]
              sum += (value - zero) * (weights[c * taps + tap] - Int(zeros[c]))
            }
            let real = Double(sum) * Double(multipliers[c]) + (hasShifts ? Double(shifts[c]) : 0)
            expected.append(min(max(Int(real.rounded(.toNearestOrEven)) + yZero, low), Int(plan.high)))
          }
        }
      }
    }
    expectQuantised(
      y.values(signed: ySigned), expected, "\(String(cString: q8_depthwise_kernel(&plan))), \(sizes), weights \(kind)")
  }
}
