import Kernels
import Testing

/// Whole 8-bit convolutions at every level against ONNX's meaning in double arithmetic.
@Suite struct QuantizedConvolutionTests {
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

    var testDescription: String {
      "\(batch)×\(size)×\(channels) → \(outputs), kernel \(kernel), stride \(stride), dilation \(dilation), "
        + "pad \(pad), groups \(groups)"
    }
  }

  static let cases: [Case] = [
    Case(),
    Case(batch: 2, size: (4, 5), channels: 5, outputs: 16, kernel: (3, 5), stride: (1, 3), pad: (0, 2)),
    Case(size: (1, 1), channels: 127, outputs: 33, kernel: (1, 1), pad: (0, 0)),
    Case(batch: 2, size: (7, 6), channels: 64, outputs: 64, kernel: (1, 1), stride: (2, 2), pad: (0, 0)),
    Case(batch: 2, size: (7, 6), channels: 64, outputs: 40, kernel: (1, 1), pad: (0, 0)),
    Case(size: (13, 11), channels: 3, outputs: 20, kernel: (7, 7), stride: (2, 2), pad: (3, 3)),
    Case(size: (9, 12), channels: 16, outputs: 33, dilation: (2, 3), pad: (2, 3)),
    Case(size: (6, 6), channels: 32, outputs: 32, groups: 8),
    Case(size: (6, 6), channels: 12, outputs: 36, groups: 3),
    Case(size: (6, 6), channels: 8, outputs: 16, groups: 8),
    Case(size: (30, 30), channels: 80, outputs: 9),
    Case(size: (6, 6), channels: 96, outputs: 72, groups: 3),
    Case(size: (6, 5), channels: 32, outputs: 21, kernel: (1, 5), pad: (0, 2)),
    Case(size: (5, 6), channels: 16, outputs: 40, kernel: (5, 5), pad: (2, 2)),
    // Sums long enough for the kernels that take large inputs by themselves.
    Case(batch: 2, size: (5, 7), channels: 400, outputs: 33, kernel: (1, 1), pad: (0, 0)),
    Case(batch: 2, size: (7, 6), channels: 388, outputs: 20, kernel: (1, 1), stride: (2, 2), pad: (0, 0)),
    Case(size: (7, 9), channels: 44, outputs: 40),
    Case(size: (9, 8), channels: 48, outputs: 17, stride: (2, 1), dilation: (2, 2), pad: (2, 1)),
    // Rows longer and shorter than a tile, with places between them; runs that fill tiles or do not; few outputs.
    Case(batch: 2, size: (9, 37), channels: 64, outputs: 33),
    Case(size: (11, 9), channels: 16, outputs: 16, kernel: (3, 2), pad: (1, 0)),
    Case(size: (6, 70), channels: 20, outputs: 40, kernel: (2, 3), dilation: (1, 17), pad: (0, 17)),
    Case(size: (17, 19), channels: 3, outputs: 16),
    Case(size: (8, 8), channels: 68, outputs: 300, kernel: (1, 1), pad: (0, 0)),
    // Strides: pixels gathered by their remainders.
    Case(batch: 2, size: (15, 13), channels: 64, outputs: 40, stride: (2, 2)),
    Case(size: (14, 19), channels: 128, outputs: 20, kernel: (3, 5), stride: (2, 3), pad: (1, 2)),
    Case(size: (13, 15), channels: 96, outputs: 72, stride: (2, 2), groups: 3),
    Case(size: (6, 21), channels: 64, outputs: 17, kernel: (2, 2), stride: (2, 1), pad: (0, 0)),
    // Groups of 4 and of 8 channels, more of them than a panel has; of as many outputs and of more; outputs in half a vector.
    Case(batch: 2, size: (9, 7), channels: 48, outputs: 48, groups: 12),
    Case(size: (11, 8), channels: 64, outputs: 64, stride: (2, 2), groups: 8),
    Case(size: (5, 9), channels: 32, outputs: 32, kernel: (1, 1), pad: (0, 0), groups: 8),
    Case(size: (7, 8), channels: 40, outputs: 40, kernel: (5, 3), dilation: (1, 2), pad: (2, 2), groups: 5),
    Case(size: (8, 7), channels: 48, outputs: 96, groups: 12),
    Case(size: (9, 10), channels: 96, outputs: 96, groups: 6),
    Case(batch: 2, size: (6, 11), channels: 24, outputs: 2, kernel: (1, 1), pad: (0, 0)),
    Case(size: (12, 13), channels: 12, outputs: 13),
  ]

  enum Weights: Int, CaseIterable, Sendable {
    case signed, signedWithZeros, unsigned, extremes, unsignedExtremes
  }
  enum Output: Int, CaseIterable, Sendable {
    case plain, residual, rounded, roundedResidual, float
  }

  @Test(arguments: instructionSets8, cases) func convolution(_ isa: kernels_level, _ test: Case) throws {
    var noise = Noise(test.channels)
    for weights in Weights.allCases {
      for output in Output.allCases {
        try check(isa, test, weights, output, threads: noise.int(1...3), &noise)
      }
    }
  }

  private func check(
    _ isa: kernels_level, _ test: Case, _ kind: Weights, _ output: Output, threads: Int, _ noise: inout Noise
  ) throws {
    var plan = q8_convolution()
    plan.geometry =
      Sizes(
        batch: test.batch, input: test.size, channels: test.channels, outputs: test.outputs, kernel: test.kernel,
        stride: test.stride, dilation: test.dilation, pad: test.pad, groups: test.groups
      ).geometry
    func range(_ signed: Bool) -> ClosedRange<Int> { signed ? -128...127 : 0...255 }
    let (signed, ySigned, rSigned) = (noise.int(0...1) == 1, noise.int(0...1) == 1, noise.int(0...1) == 1)
    // A zero point near the lower end, as behind a Relu, chooses kernels of their own; few or many values are large then.
    let low = noise.int(0...1) == 1
    let large = [0, 3, 40, 100][noise.int(0...3)]
    let bottom = range(signed).lowerBound
    (plan.x_signed, plan.x_zero) = (signed ? 1 : 0, Int32(noise.int(low ? bottom...bottom + 31 : range(signed))))

    // Weights and activations at their ends make every sum as large as it can be.
    let extreme = kind == .extremes || kind == .unsignedExtremes
    let wSigned = kind != .unsigned && kind != .unsignedExtremes
    let taps = test.kernel.0 * test.kernel.1
    let depth = test.channels / test.groups * taps
    var high = true
    let weights = (0..<test.outputs * depth).map { _ -> Int in
      if !extreme { return noise.int(range(wSigned)) }
      if noise.int(0...30) == 0 { high.toggle() }
      return high ? range(wSigned).upperBound : range(wSigned).lowerBound
    }
    let values = (0..<test.batch * test.size.0 * test.size.1 * test.channels).map { _ -> Int in
      if low && noise.int(0...99) >= large { return bottom + noise.int(0...127) }
      let end = noise.int(0...1) == 1 && signed ? range(signed).lowerBound : range(signed).upperBound
      return extreme && noise.int(0...7) > 0 ? end : noise.int(range(signed))
    }
    let zeros: [Int32]? =
      kind == .signed || kind == .extremes
      ? nil : (0..<test.outputs).map { _ in Int32(wSigned ? noise.int(-3...3) : noise.int(range(wSigned))) }
    let bias = (0..<test.outputs).map { _ in Int32(noise.int(-5000...5000)) }
    let typical = Float(127 * 127) * (extreme ? Float(depth) : Float(depth).squareRoot() * 2)
    let multipliers = (0..<test.outputs).map { _ in Float(noise.int(50...100)) / 100 * 60 / typical }
    let shifts = (0..<test.outputs).map { _ in Float(noise.int(-100...100)) / 77 }

    plan.epilogue.float_output = output == .float ? 1 : 0
    plan.epilogue.intermediate = output == .rounded || output == .roundedResidual ? 1 : 0
    // 0 as behind a Relu: kernels of their own.
    let zero = noise.int(0...2) == 0 ? 0 : noise.int(range(ySigned))
    plan.epilogue.y_zero = Int32(zero)
    plan.epilogue.low = Int32(noise.int(0...1) == 1 ? zero : range(ySigned).lowerBound)
    plan.epilogue.high = Int32(range(ySigned).upperBound)
    (plan.epilogue.t_zero, plan.epilogue.t_low, plan.epilogue.t_high) = (Int32(noise.int(0...255)), 0, 255)
    // No round numbers: where halves are the rule, the last bit of a float decides.
    plan.epilogue.t_multiplier = Float(noise.int(50_000...150_000)) / 100_003
    let rZero = noise.int(range(rSigned))
    (plan.epilogue.residual_signed, plan.epilogue.residual_zero) = (rSigned ? 1 : 0, Int32(rZero))
    plan.epilogue.residual_multiplier = Float(noise.int(50_000...150_000)) / 100_003

    q8_convolution_plan(&plan, isa, Int32(threads))
    let w = try GuardedBytes(weights)
    let layout = q8_convolution_layout(&plan)
    let useShifts = output == .rounded || output == .float
    func pack(_ packed: UnsafeMutableRawPointer?, _ room: Int) -> Int {
      q8_convolution_pack(
        &plan, w.base, wSigned ? 1 : 0, layout, zeros, bias, multipliers, useShifts ? shifts : nil, packed, room)
    }
    let size = pack(nil, 0)
    let packed = try GuardedBytes(count: size, aligned: true)
    // Too little room: nothing is written behind it.
    #expect(pack(packed.base, min(size, plan.packed_bytes)) == size)
    #expect(pack(packed.base, size) == size)

    let x = try GuardedBytes(values)
    let pixels = test.batch * plan.geometry.out_height * plan.geometry.out_width
    let hasResidual = output == .residual || output == .roundedResidual
    let residuals = (0..<pixels * test.outputs).map { _ in noise.int(range(rSigned)) }
    let residual = try GuardedBytes(residuals)
    let y = try GuardedBytes(count: pixels * test.outputs * (output == .float ? 4 : 1))
    let scratch = try GuardedBytes(count: plan.scratch_bytes, aligned: true)
    (plan.x, plan.w, plan.y, plan.scratch) = (
      UnsafeRawPointer(x.base), UnsafeRawPointer(packed.base), y.base, scratch.base
    )
    plan.y_stride = test.outputs
    plan.residual = hasResidual ? UnsafeRawPointer(residual.base) : nil
    for task in (0..<plan.tasks).reversed() { q8_convolution_task(&plan, task, 0) }

    let sums = reference(plan, values, weights, zeros, bias)
    func scaled(_ index: Int) -> Double {
      let output = index % test.outputs
      return Double(sums[index]) * Double(multipliers[output]) + (useShifts ? Double(shifts[output]) : 0)
    }
    let what = "\(String(cString: q8_convolution_kernel(&plan))), weights \(kind), output \(output)"
    if output == .float {
      let found = (0..<sums.count).map { y.base.load(fromByteOffset: 4 * $0, as: Float.self) }
      expectEqual(found, (0..<sums.count).map(scaled), within: 2e-3, what)
      return
    }
    let e = plan.epilogue
    func clamp(_ value: Double, _ low: Int32, _ high: Int32) -> Double { min(max(value, Double(low)), Double(high)) }
    let expected = sums.indices.map { index -> Int in
      var value = scaled(index)
      if e.intermediate == 1 {
        let t = clamp(value.rounded(.toNearestOrEven) + Double(e.t_zero), e.t_low, e.t_high)
        value = (t - Double(e.t_zero)) * Double(e.t_multiplier)
      }
      if hasResidual { value += Double(residuals[index] - rZero) * Double(e.residual_multiplier) }
      return Int(clamp(value.rounded(.toNearestOrEven) + Double(e.y_zero), e.low, e.high))
    }
    expectQuantised(y.values(signed: ySigned), expected, what)
  }

  /// A zero point and a scale that only a run finds: the sums are exact, and as floats they are scaled and shifted.
  @Test(arguments: instructionSets8, cases) func zeroPointsFoundInARun(_ isa: kernels_level, _ test: Case) throws {
    var noise = Noise(test.channels + 1)
    for round in 0..<8 {
      let (isFloat, signed, wSigned) = (round & 1 == 1, round & 2 == 2, round & 4 == 4)
      func range(_ signed: Bool) -> ClosedRange<Int> { signed ? -128...127 : 0...255 }
      var plan = q8_convolution()
      plan.geometry =
        Sizes(
          batch: test.batch, input: test.size, channels: test.channels, outputs: test.outputs, kernel: test.kernel,
          stride: test.stride, dilation: test.dilation, pad: test.pad, groups: test.groups
        ).geometry
      (plan.x_signed, plan.dynamic, plan.epilogue.float_output) = (signed ? 1 : 0, 1, isFloat ? 1 : 2)
      q8_convolution_plan(&plan, isa, Int32(noise.int(1...3)))
      let depth = test.channels / test.groups * test.kernel.0 * test.kernel.1
      let weights = (0..<test.outputs * depth).map { _ in noise.int(range(wSigned)) }
      let values = (0..<test.batch * test.size.0 * test.size.1 * test.channels).map { _ in noise.int(range(signed)) }
      let zeros = (0..<test.outputs).map { _ in Int32(noise.int(range(wSigned))) }
      let multipliers = (0..<test.outputs).map { _ in Float(noise.int(50...100)) / 100 }
      let shifts = (0..<test.outputs).map { _ in Float(noise.int(-100...100)) / 77 }
      let (w, layout) = (try GuardedBytes(weights), q8_convolution_layout(&plan))
      func pack(_ packed: UnsafeMutableRawPointer?, _ room: Int) -> Int {
        q8_convolution_pack(&plan, w.base, wSigned ? 1 : 0, layout, zeros, nil, multipliers, shifts, packed, room)
      }
      let size = pack(nil, 0)
      let packed = try GuardedBytes(count: size, aligned: true)
      #expect(pack(packed.base, size) == size)
      // Packed once, run with two zero points.
      for _ in 0..<2 {
        let point = noise.int(range(signed))
        let (x, zero, scale) = (try GuardedBytes(values), try GuardedBytes([point]), try GuardedFloats([0.125]))
        let count = test.batch * plan.geometry.out_height * plan.geometry.out_width * test.outputs
        let y = try GuardedBytes(count: 4 * count)
        let scratch = try GuardedBytes(count: plan.scratch_bytes, aligned: true)
        (plan.x, plan.w) = (UnsafeRawPointer(x.base), UnsafeRawPointer(packed.base))
        (plan.zero_point, plan.scale) = (UnsafePointer(zero.bytes), UnsafePointer(scale.base))
        (plan.y, plan.scratch, plan.y_stride) = (y.base, scratch.base, test.outputs)
        for task in (0..<plan.tasks).reversed() { q8_convolution_task(&plan, task, 0) }
        var meant = plan
        meant.x_zero = Int32(point)
        let sums = reference(meant, values, weights, zeros, [Int32](repeating: 0, count: test.outputs))
        if isFloat {
          let found = (0..<count).map { y.base.load(fromByteOffset: 4 * $0, as: Float.self) }
          let expected = sums.indices.map { index in
            Double(sums[index]) * 0.125 * Double(multipliers[index % test.outputs])
              + Double(shifts[index % test.outputs])
          }
          let most = expected.map { abs($0) }.max() ?? 0
          expectEqual(found, expected, within: 1e-6 * most + 1e-4, String(cString: q8_convolution_kernel(&plan)))
        } else {
          let found = (0..<count).map { Int(y.base.load(fromByteOffset: 4 * $0, as: Int32.self)) }
          #expect(found == sums, "\(String(cString: q8_convolution_kernel(&plan)))")
        }
      }
    }
  }

  /// Sums of more than 66,311 extremes leave 32 bits. They wrap round, as ONNX's int32 accumulators do: at every level alike,
  /// and by arithmetic that C defines.
  @Test(arguments: instructionSets8) func sumsBeyond32BitsWrap(_ isa: kernels_level) throws {
    let (channels, outputs) = (70_001, 5)
    var plan = q8_convolution()
    plan.geometry =
      Sizes(
        input: (1, 1), channels: channels, outputs: outputs, kernel: (1, 1), pad: (0, 0)
      ).geometry
    plan.epilogue.float_output = 1
    q8_convolution_plan(&plan, isa, 1)
    let weights = (0..<outputs * channels).map { $0 / channels % 2 == 0 ? 127 : -128 }
    let w = try GuardedBytes(weights)
    let layout = q8_convolution_layout(&plan)
    let multipliers = [Float](repeating: 1, count: outputs)
    func pack(_ packed: UnsafeMutableRawPointer?, _ room: Int) -> Int {
      q8_convolution_pack(&plan, w.base, 1, layout, nil, nil, multipliers, nil, packed, room)
    }
    let size = pack(nil, 0)
    let packed = try GuardedBytes(count: size, aligned: true)
    #expect(pack(packed.base, size) == size)
    let x = try GuardedBytes([Int](repeating: 255, count: channels))
    let y = try GuardedBytes(count: outputs * 4)
    let scratch = try GuardedBytes(count: plan.scratch_bytes, aligned: true)
    (plan.x, plan.w, plan.y, plan.scratch) = (
      UnsafeRawPointer(x.base), UnsafeRawPointer(packed.base), y.base, scratch.base
    )
    plan.y_stride = outputs
    for task in 0..<plan.tasks { q8_convolution_task(&plan, task, 0) }
    for output in 0..<outputs {
      let sum = Int32(truncatingIfNeeded: 255 * weights[output * channels] * channels)
      let found = y.base.load(fromByteOffset: 4 * output, as: Float.self)
      #expect(found == Float(sum), "\(String(cString: q8_convolution_kernel(&plan))), output \(output)")
    }
  }

  private func reference(
    _ plan: q8_convolution, _ x: [Int], _ weights: [Int], _ zeros: [Int32]?, _ bias: [Int32]
  ) -> [Int] {
    let g = plan.geometry
    let (groupChannels, groupOutputs) = (g.in_channels / g.groups, g.out_channels / g.groups)
    let zero = Int(plan.x_zero)
    var sums: [Int] = []
    for image in 0..<g.batch {
      for oy in 0..<g.out_height {
        for ox in 0..<g.out_width {
          for output in 0..<g.out_channels {
            var sum = Int(bias[output])
            let weightZero = zeros.map { Int($0[output]) } ?? 0
            for ky in 0..<g.kernel_height {
              let iy = oy * g.stride_height + ky * g.dilation_height - g.pad_top
              for kx in 0..<g.kernel_width {
                let ix = ox * g.stride_width + kx * g.dilation_width - g.pad_left
                guard iy >= 0, iy < g.in_height, ix >= 0, ix < g.in_width else { continue }
                let pixel = ((image * g.in_height + iy) * g.in_width + ix) * g.in_channels
                for channel in 0..<groupChannels {
                  let w = ((output * groupChannels + channel) * g.kernel_height + ky) * g.kernel_width + kx
                  sum += (x[pixel + output / groupOutputs * groupChannels + channel] - zero) * (weights[w] - weightZero)
                }
              }
            }
            sums.append(sum)
          }
        }
      }
    }
    return sums
  }
}
