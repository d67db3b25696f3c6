import Glibc
import KernelInternals
import Kernels
import Testing

/// The 8-bit kernels that store outputs themselves, and what they and the others do after the sums, against ONNX's meaning in
/// double arithmetic.
@Suite struct FusedKernelTests {
  struct Kernel: @unchecked Sendable, NamedKernel {
    let name: String
    let mr: Int
    let nr: Int
    let run: q8_fused_kernel
    let row: q8_fused_row_kernel?
    /// What a thread calls before its calls, and behind them.
    var begin: (@convention(c) (Int) -> Void)?
    var end: (@convention(c) () -> Void)?
    /// Leaves out the pixels that are not wanted.
    var fills = false
    /// Stores fewer outputs than nr too.
    var masks = false
  }

  /// Of the levels that have such kernels, and the portable ones.
  static let kernels =
    [
      Kernel(
        name: "u8s8_fused_4x8_portable", mr: 4, nr: 8, run: u8s8_fused_4x8_portable, row: u8s8_fused_row_6x8_portable)
    ]
    + each(instructionSets8) { Kernel($0.q8_igemm) } + each(instructionSets8) { Kernel($0.q8_igemm_deep) }
    + each(instructionSets8) { Kernel($0.q8_igemm_narrow) }

  @Test(arguments: kernels, [1, 3, 5, 16, 17, 64, 127]) func tiles(_ kernel: Kernel, _ channels: Int) throws {
    var noise = Noise(channels)
    for pixels in 1...kernel.mr {
      for ending in 0..<6 { try check(kernel, pixels, taps: 1 + ending % 3, channels, ending, isRow: false, &noise) }
    }
  }

  @Test(arguments: kernels.filter { $0.row != nil }, [48, 52, 127]) func rows(_ kernel: Kernel, _ channels: Int) throws
  {
    var noise = Noise(channels)
    for tiles in 1...3 {
      for ending in 0..<6 {
        try check(
          kernel, tiles * Int(Q8_FUSED_ROW_PIXELS), taps: 1, channels, ending, isRow: true, &noise)
      }
    }
  }

  private func check(
    _ kernel: Kernel, _ pixels: Int, taps: Int, _ channels: Int, _ ending: Int, isRow: Bool, _ noise: inout Noise
  ) throws {
    let (nr, steps) = (kernel.nr, (channels + 3) / 4)
    let depth = 4 * steps
    let inputs = (0..<pixels * taps * depth).map { _ in noise.int(0...255) }
    let weights = (0..<taps * depth * nr).map { $0 / nr % depth < channels ? noise.int(-128...127) : 0 }
    var lying = [Int](repeating: 0, count: weights.count)
    for (index, weight) in weights.enumerated() {
      lying[index / nr / 4 * 4 * nr + index % nr * 4 + index / nr % 4] = weight
    }
    let x = try GuardedBytes(inputs)
    let w = try Guarded(lying.map { Int8($0) }, aligned: true)
    // Biases, multipliers and shifts lie one behind the other.
    let bias = (0..<nr).map { _ in Int32(noise.int(-5000...5000)) }
    let multipliers = (0..<nr).map { _ in Float(noise.int(50...100)) / 2_000_000 }
    let shifts = (0..<nr).map { _ in Float(noise.int(-100...100)) / 77 }
    let constants = try Guarded(
      bias.map { UInt32(bitPattern: $0) } + (multipliers + shifts).map { $0.bitPattern }, aligned: true)

    let ends = Ending(ending, &noise)
    let (yStride, residualStride) = (nr + 5, nr + 3)
    // All outputs of all pixels or, where a kernel can leave some out, some.
    let outputs = kernel.masks ? [nr, nr, nr / 2, noise.int(1...nr)][noise.int(0...3)] : nr
    let left = kernel.fills && noise.int(0...1) == 1 ? noise.int(0...pixels - 1) : -1
    let wanted = (0..<pixels).filter { $0 == 0 || $0 != left && (left < 0 || noise.int(0...3) > 0) }
    let bits = wanted.reduce(UInt32(0)) { $0 | 1 << UInt32(truncatingIfNeeded: $1) }
    let residual = try GuardedBytes(
      (0..<(wanted.count - 1) * residualStride + outputs).map { _ in noise.int(0...255) })
    let y = try GuardedBytes(count: (wanted.count - 1) * yStride + outputs)
    var epilogue = ends.epilogue
    let fused = try #require(
      fused_create(
        &epilogue, outputs, bits, kernel.fills && noise.int(0...1) == 1 ? taps * depth : 0, pixels,
        ends.hasResidual ? residual.bytes : nil, residualStride, y.bytes, yStride))
    defer { free(UnsafeMutableRawPointer(fused)) }
    let from = UnsafePointer(x.bytes)
    kernel.begin?(steps)
    defer { kernel.end?() }
    constants.base.withMemoryRebound(to: Int32.self, capacity: constants.count) { constants in
      if isRow {
        kernel.row?(pixels / Int(Q8_FUSED_ROW_PIXELS), steps, from, depth, constants, w.base, fused)
      } else {
        let rows = (0..<kernel.mr).map { Optional(from + min($0, pixels - 1) * taps * depth) }
        kernel.run(pixels, taps, steps, rows, (0..<taps).map { $0 * depth }, constants, w.base, fused)
      }
    }
    var expected = [Int](repeating: ends.isSigned ? -91 : 0xa5, count: y.count)
    let residuals = residual.values(signed: epilogue.residual_signed == 1)
    for (row, pixel) in wanted.enumerated() {
      for output in 0..<outputs {
        var sum = Int(bias[output])
        for k in 0..<taps * depth { sum += inputs[pixel * taps * depth + k] * weights[k * nr + output] }
        let value = Double(sum) * Double(multipliers[output]) + Double(shifts[output])
        expected[row * yStride + output] = ends.stored(
          value, ends.hasResidual ? residuals[row * residualStride + output] : nil)
      }
    }
    let what = "\(kernel.name), \(wanted.count) of \(pixels) pixels, \(outputs) outputs, ending \(ending)"
    expectQuantised(y.values(signed: ends.isSigned), expected, what)
  }

  /// What follows the sums: the part that every kernel without its own shares.
  @Test(arguments: instructionSets, [1, 3, 4, 5, 7, 8, 16, 17, 31, 32])
  func finish(_ isa: kernels_level, _ outputs: Int) throws {
    var noise = Noise(outputs)
    for (pixels, ending) in (1...6).flatMap({ pixels in (0..<12).map { (pixels, $0) } }) {
      // Sums as integers and as floats, outputs as bytes and as floats; a whole vector of sums may be read.
      let (sumsAreFloat, isFloat) = (ending >= 6, ending % 6 == 0)
      let stride = (outputs + 15) / 16 * 16
      let sums = (0..<pixels * stride).map { _ in noise.int(-2_000_000...2_000_000) }
      let held = try Guarded(
        sums.map { sumsAreFloat ? Float($0).bitPattern : UInt32(bitPattern: Int32($0)) }, aligned: true)
      let multipliers = try GuardedFloats((0..<stride).map { _ in Float(noise.int(50...100)) / 2_000_000 })
      let shifts = try GuardedFloats((0..<stride).map { _ in Float(noise.int(-100...100)) / 77 })
      var ends = Ending(ending % 6, &noise)
      if pixels % 2 == 0 { ends.epilogue.intermediate = 0 }
      ends.epilogue.float_output = isFloat ? 1 : 0
      var epilogue = ends.epilogue
      let (yStride, residualStride) = (outputs + 5, outputs + 3)
      let residual = try GuardedBytes((0..<(pixels - 1) * residualStride + outputs).map { _ in noise.int(0...255) })
      let y = try GuardedBytes(count: ((pixels - 1) * yStride + outputs) * (isFloat ? 4 : 1))
      table(isa).q8_finish(
        isa, &epilogue, pixels, outputs, held.base, sumsAreFloat ? 1 : 0, stride, multipliers.base, shifts.base,
        ends.hasResidual ? UnsafePointer(residual.bytes) : nil, residualStride,
        y.base, yStride)
      let residuals = residual.values(signed: epilogue.residual_signed == 1)
      func value(_ pixel: Int, _ output: Int) -> Double {
        Double(sums[pixel * stride + output]) * Double(multipliers.base[output]) + Double(shifts.base[output])
      }
      if isFloat {
        for pixel in 0..<pixels {
          for output in 0..<outputs {
            let found = y.base.load(fromByteOffset: (pixel * yStride + output) * 4, as: Float.self)
            #expect(abs(Double(found) - value(pixel, output)) <= 1e-4)
          }
        }
        continue
      }
      var expected = [Int](repeating: ends.isSigned ? -91 : 0xa5, count: y.count)
      for pixel in 0..<pixels {
        for output in 0..<outputs {
          expected[pixel * yStride + output] = ends.stored(
            value(pixel, output), ends.hasResidual ? residuals[pixel * residualStride + output] : nil)
        }
      }
      expectQuantised(y.values(signed: ends.isSigned), expected, "\(pixels) pixels, ending \(ending)")
    }
  }
}

/// What follows a sum, in double arithmetic.
struct Ending {
  var epilogue = q8_epilogue()
  var hasResidual: Bool
  var isSigned: Bool

  /// `kind` 0 and 1: no residual; 2 to 5: one that is added on a grid of its own, u8 or s8.
  init(_ kind: Int, _ noise: inout Noise) {
    hasResidual = kind >= 2
    isSigned = kind % 2 == 1
    let range = isSigned ? -128...127 : 0...255
    // The whole range from 0 on, as behind a Relu, has kernels of its own.
    let zero = !isSigned && noise.int(0...1) == 0 ? 0 : noise.int(range)
    (epilogue.y_zero, epilogue.high) = (Int32(zero), Int32(range.upperBound))
    epilogue.low = Int32(noise.int(0...1) == 1 ? zero : range.lowerBound)
    guard hasResidual else { return }
    epilogue.intermediate = 1
    (epilogue.t_zero, epilogue.t_low, epilogue.t_high) = (Int32(noise.int(0...255)), 0, 255)
    // No round numbers: where halves are the rule, the last bit of a float decides.
    epilogue.t_multiplier = Float(noise.int(50_000...150_000)) / 100_003
    epilogue.residual_signed = kind >= 4 ? 1 : 0
    epilogue.residual_zero = Int32(noise.int(kind >= 4 ? -128...127 : 0...255))
    epilogue.residual_multiplier = Float(noise.int(50_000...150_000)) / 100_003
  }

  /// `scaled` is sum · multiplier + shift.
  func stored(_ scaled: Double, _ residual: Int?) -> Int {
    func clamp(_ value: Double, _ low: Int32, _ high: Int32) -> Double { min(max(value, Double(low)), Double(high)) }
    let e = epilogue
    var value = scaled
    if e.intermediate == 1 {
      let t = clamp(value.rounded(.toNearestOrEven) + Double(e.t_zero), e.t_low, e.t_high)
      value = (t - Double(e.t_zero)) * Double(e.t_multiplier)
    }
    if let residual { value += Double(residual - Int(e.residual_zero)) * Double(e.residual_multiplier) }
    return Int(clamp(value.rounded(.toNearestOrEven) + Double(e.y_zero), e.low, e.high))
  }
}

extension FusedKernelTests.Kernel {
  /// nil for a family without such kernels.
  fileprivate init?(_ family: q8_igemm_family) {
    guard let run = family.fused else { return nil }
    self.init(
      name: "\(String(cString: family.name)), fused", mr: family.mr, nr: family.nr, run: run, row: family.fused_row,
      begin: family.begin, end: family.end, fills: family.fills != 0, masks: family.masks != 0)
  }
}
