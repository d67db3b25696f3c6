import Kernels
import Testing

/// Winograd on 8-bit data beside the exact kernel: what floats round is all that may be lost, so that an output is off by one step
/// at most, and few at all.
@Suite struct QuantizedWinogradTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var batch = 1
    var size = (9, 11)
    var channels = 16
    var outputs = 17
    var pad = 1
    var threads: Int32 = 1

    var testDescription: String {
      "\(batch)×\(size)×\(channels) → \(outputs), pad \(pad), \(threads) threads"
    }
  }

  static let cases: [Case] = [
    Case(), Case(batch: 2, size: (8, 8), channels: 32, outputs: 40, threads: 2),
    Case(size: (14, 14), channels: 64, outputs: 64, pad: 0, threads: 3),
    Case(size: (5, 30), channels: 112, outputs: 33),
    Case(size: (14, 14), channels: 256, outputs: 32, threads: 2),
    // One to three rows or columns of outputs are left at an edge, or all there is.
    Case(size: (6, 9), channels: 48, outputs: 64),
    Case(size: (7, 7), channels: 96, outputs: 64, threads: 2),
    Case(batch: 3, size: (3, 7), channels: 64, outputs: 33),
    Case(size: (15, 11), channels: 32, outputs: 32),
    Case(batch: 5, size: (4, 4), channels: 64, outputs: 32),
    // Long sums: where all is at its ends, of 32 channels at a time.
    Case(size: (7, 7), channels: 512, outputs: 33), Case(size: (3, 5), channels: 1040, outputs: 32),
    // What taps become is stored in parts.
    Case(size: (17, 18), channels: 176, outputs: 32),
    Case(batch: 2, size: (4, 10), channels: 32, outputs: 32, threads: 2),
    Case(size: (2, 2), channels: 32, outputs: 32),
    Case(size: (1, 13), channels: 16, outputs: 32),
  ]

  /// What follows the sums.
  enum Ending: Int, CaseIterable, Sendable {
    case plain
    case residual
    /// As QDQ graphs have it: rounded to a grid of its own before the residual is added.
    case roundedResidual
    case roundedSignedResidual
  }

  enum Data: Int, CaseIterable, Sendable {
    /// As in a trained network after a Relu.
    case typical
    case typicalSigned
    /// Everything at its ends: sums as large as they can be.
    case extreme
    case extremeSigned
  }

  @Test(arguments: instructionSets8, cases) func besideTheExactKernel(_ isa: kernels_level, _ test: Case) throws {
    var noise = Noise(test.channels)
    for data in Data.allCases {
      for ending in Ending.allCases {
        for keepsTaps in [false, true] { try check(isa, test, data, ending, keepsTaps, &noise) }
      }
    }
  }

  private func check(
    _ isa: kernels_level, _ test: Case, _ data: Data, _ ending: Ending, _ keepsTaps: Bool,
    _ noise: inout Noise
  ) throws {
    var winograd = q8_winograd()
    var plan = q8_convolution()
    plan.geometry =
      Sizes(
        batch: test.batch, input: test.size, channels: test.channels, outputs: test.outputs, pad: (test.pad, test.pad)
      ).geometry
    let signed = data == .typicalSigned || data == .extremeSigned
    let extreme = data == .extreme || data == .extremeSigned
    (plan.x_signed, plan.x_zero) = signed ? (1, Int32(noise.int(-128...127))) : (0, 0)
    // 0 as behind a Relu: kernels of their own.
    (plan.epilogue.y_zero, plan.epilogue.low, plan.epilogue.high) = (noise.int(0...1) == 1 ? 0 : 128, 0, 255)
    if noise.int(0...1) == 1 {
      (plan.epilogue.y_zero, plan.epilogue.low, plan.epilogue.high) = (-3, noise.int(0...1) == 1 ? -3 : -128, 127)
    }
    // Not round numbers: of those halves come about, which may be rounded either way.
    (plan.epilogue.residual_multiplier, plan.epilogue.residual_zero) = (0.530331, 100)
    if ending == .roundedResidual || ending == .roundedSignedResidual {
      plan.epilogue.intermediate = 1
      (plan.epilogue.t_zero, plan.epilogue.t_low, plan.epilogue.t_high) = (120, 0, 255)
      plan.epilogue.t_multiplier = 0.709817
      plan.epilogue.residual_signed = ending == .roundedSignedResidual ? 1 : 0
      if ending == .roundedSignedResidual { plan.epilogue.residual_zero = -10 }
    }
    #expect(q8_winograd_applies(&plan) == 1)

    let depth = test.channels * 9
    let values = (0..<test.batch * test.size.0 * test.size.1 * test.channels).map { _ -> Int in
      if extreme { return noise.int(0...1) * 255 - (signed ? 128 : 0) }
      let value = noise.int(0...84) + noise.int(0...84) + noise.int(0...85)
      return signed ? value - 128 : max(0, value - 100)
    }
    var high = true
    let weights = (0..<test.outputs * depth).map { _ -> Int in
      if noise.int(0...30) == 0 { high.toggle() }
      return extreme ? (high ? 127 : -128) : noise.int(-42...42) + noise.int(-42...42) + noise.int(-43...43)
    }
    let bias = (0..<test.outputs).map { _ in Int32(noise.int(-1000...1000)) }
    let typical: Float = (extreme ? 127 * 127 * 3 : 42 * 40) * Float(depth / 9).squareRoot()
    let multipliers = (0..<test.outputs).map { _ in Float(noise.int(16...32)) / typical }

    let layout = q8_convolution_layout(&plan)
    winograd.convolution = plan
    winograd.keeps_taps = keepsTaps ? 1 : 0
    q8_convolution_plan(&plan, isa, test.threads)
    q8_winograd_plan(&winograd, isa, test.threads)
    let (x, w) = (try GuardedBytes(values), try GuardedBytes(weights))
    let size = q8_convolution_pack(&plan, w.base, 1, layout, nil, bias, multipliers, nil, nil, 0)
    let direct = try GuardedBytes(count: size, aligned: true)
    _ = q8_convolution_pack(&plan, w.base, 1, layout, nil, bias, multipliers, nil, direct.base, size)
    let packed = try GuardedBytes(count: winograd.packed_bytes, aligned: true)
    q8_winograd_pack(&winograd, w.base, 1, layout, nil, bias, multipliers, nil, packed.base)

    let count = test.batch * plan.geometry.out_height * plan.geometry.out_width * test.outputs
    let residual = try GuardedBytes((0..<count).map { _ in noise.int(0...255) })
    let (exact, y) = (try GuardedBytes(count: count), try GuardedBytes(count: count))
    let exactScratch = try GuardedBytes(count: plan.scratch_bytes, aligned: true)
    let scratch = try GuardedBytes(count: winograd.scratch_bytes, aligned: true)
    func set(_ c: inout q8_convolution, _ w: GuardedBytes, _ y: GuardedBytes, _ scratch: GuardedBytes) {
      (c.x, c.w, c.y, c.scratch) = (UnsafeRawPointer(x.base), UnsafeRawPointer(w.base), y.base, scratch.base)
      (c.residual, c.y_stride) = (ending == .plain ? nil : UnsafeRawPointer(residual.base), test.outputs)
    }
    set(&plan, direct, exact, exactScratch)
    set(&winograd.convolution, packed, y, scratch)
    for task in 0..<plan.tasks { q8_convolution_task(&plan, task, 0) }
    for task in (0..<winograd.tasks).reversed() { q8_winograd_task(&winograd, task, 0) }

    let form = winograd.multiplies_taps != 0 ? "multiplied taps" : keepsTaps ? "taps" : "weights"
    let what = "\(String(cString: q8_winograd_kernel(&winograd))), \(form), \(data), \(ending)"
    let isSigned = plan.epilogue.low < 0
    let errors = zip(y.values(signed: isSigned), exact.values(signed: isSigned)).map { abs($0 - $1) }
    #expect((errors.max() ?? 0) <= 1, "\(what)")
    #expect(errors.reduce(0, +) <= 2 + count / 100, "\(what)")
  }

  @Test func knowsWhatItIsNotFor() {
    var plan = q8_convolution()
    plan.geometry = Sizes(input: (56, 56), channels: 64, outputs: 64).geometry
    func wins(keepsTaps: Bool = false) -> Bool {
      var winograd = q8_winograd()
      winograd.convolution = plan
      winograd.keeps_taps = keepsTaps ? 1 : 0
      q8_winograd_plan(&winograd, KERNELS_PORTABLE, 1)
      return q8_winograd_wins(&winograd) != 0
    }
    #expect(q8_winograd_applies(&plan) == 1 && wins() && wins(keepsTaps: true))
    plan.geometry = Sizes(input: (7, 7), channels: 64, outputs: 64).geometry
    #expect(q8_winograd_applies(&plan) == 1 && !wins() && !wins(keepsTaps: true))
    plan.geometry.in_channels = 24
    #expect(q8_winograd_applies(&plan) == 0)
    (plan.geometry.in_channels, plan.geometry.stride_width) = (64, 2)
    #expect(q8_winograd_applies(&plan) == 0)
  }
}
