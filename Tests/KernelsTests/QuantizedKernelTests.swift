import Glibc
import KernelInternals
import Kernels
import Testing

/// Every 8-bit and 16-bit igemm kernel by itself against the sum written out: exact.
@Suite struct QuantizedKernelTests {
  /// What a kernel's sums are made of.
  struct Kernel: @unchecked Sendable, NamedKernel {
    let name: String
    let mr: Int
    let nr: Int
    let kr: Int
    let sub: Int
    /// Inputs and weights are 16-bit integers.
    let isWide: Bool
    let isSigned: Bool
    let rule: q8_weight_rule
    let run: q8_igemm_kernel
    let points: q8_points_kernel?
    /// What a thread calls before its calls, and behind them.
    let begin: (@convention(c) (Int) -> Void)?
    let end: (@convention(c) () -> Void)?

    init(_ family: q8_igemm_family) {
      (name, mr, nr) = (String(cString: family.name), family.mr, family.nr)
      (kr, sub, isWide, isSigned) = (family.kr, family.sub, family.wide != 0, family.x_signed != 0)
      (rule, run, points) = (family.rule, family.run, family.points)
      (begin, end) = (family.begin, family.end)
    }

    /// Steps come in multiples of this.
    var stepMultiple: Int { name == "s16_igemm_8x8_neon" ? 8 : 1 }
    /// 16-bit kernels have none.
    var takesExtras: Bool { !isWide }
  }

  static let kernels =
    each(instructionSets8) { Kernel($0.q8_igemm) }
    + each(instructionSets8) { $0.q8_igemm_deep.run == nil ? nil : Kernel($0.q8_igemm_deep) }
    + each(instructionSets8) { $0.q8_igemm_narrow.run == nil ? nil : Kernel($0.q8_igemm_narrow) }
    + each(instructionSets8) { Kernel($0.q8_igemm_of_small) }
    + each(instructionSets8) { Kernel($0.q8_winograd) } + twins

  /// Portable kernels that no level uses.
  private static let twins: [Kernel] = [
    Kernel(
      q8_igemm_family(
        name: strdup("u7s8_igemm_4x8_portable"), mr: 4, nr: 8, kr: 8, wide: 0, x_signed: 0,
        fills: 0, masks: 0, by_groups: 0,
        rule: Q8_FOURS_WITHIN_255,
        run: u7s8_igemm_4x8_portable, sub: 4, begin: nil, end: nil, take_highs: nil, add_highs: nil, fused: nil,
        fused_row: nil, points: nil)),
    Kernel(
      q8_igemm_family(
        name: strdup("s16_points_4x8_portable"), mr: 4, nr: 8, kr: 1, wide: 1, x_signed: 0,
        fills: 0, masks: 0, by_groups: 0,
        rule: Q8_ANY_WEIGHTS,
        run: s16_igemm_4x8_portable, sub: 1, begin: nil, end: nil, take_highs: nil, add_highs: nil, fused: nil,
        fused_row: nil,
        points: s16_points_4x8_portable)),
  ]

  @Test(arguments: kernels, [1, 3, 5, 16, 17, 64, 127])
  func tiles(_ kernel: Kernel, _ channels: Int) throws {
    var noise = Noise(channels)
    for pixels in 1...kernel.mr {
      for (taps, extras) in [(1, 0), (3, 2), (9, 1)] {
        try check(kernel, pixels, taps, channels, kernel.takesExtras ? extras : 0, &noise)
      }
    }
  }

  private func check(
    _ kernel: Kernel, _ pixels: Int, _ taps: Int, _ channels: Int, _ extras: Int, _ noise: inout Noise
  ) throws {
    let (nr, kr) = (kernel.nr, kernel.kr)
    let unit = kr * kernel.stepMultiple
    let steps = (channels + unit - 1) / unit * kernel.stepMultiple
    let (depth, size) = (steps * kr, kernel.isWide ? 2 : 1)
    // Each pixel's taps lie one after the other, and the last of them ends where memory ends.
    let rows = try (0..<pixels).map { _ in try elements((0..<taps * depth).map { _ in kernel.input(&noise) }, kernel) }
    let offsets = (0..<taps).map { $0 * depth * size }
    let weights = kernel.weights(steps: taps * steps, channels: channels, of: depth, &noise)
    let places = (0..<extras).map { _ in noise.int(0...taps * steps - 1) }
    let extraWeights = kernel.weights(steps: extras, channels: kr, of: kr, &noise)
    let bias = (0..<nr).map { _ in Int32(noise.int(-100_000...100_000)) }
    let (w, extraW) = (try packed(weights, kernel), try packed(extraWeights, kernel))
    let biases = try Guarded(bias, aligned: true)
    let sums = try Guarded([Int32](repeating: 12345, count: pixels * nr), aligned: true)
    var pointers = rows.map { Optional(UnsafePointer($0.bytes)) }
    pointers += [UnsafePointer<UInt8>?](repeating: pointers[0], count: kernel.mr - pixels)
    kernel.begin?(steps)
    defer { kernel.end?() }
    kernel.run(
      pixels, taps, steps, pointers, offsets, biases.base, w.base.assumingMemoryBound(to: Int8.self), extras,
      places.map { Int32($0 * kr * size) }, extraW.base.assumingMemoryBound(to: Int8.self), sums.base)
    for pixel in 0..<pixels {
      let inputs = values(rows[pixel], kernel)
      for output in 0..<nr {
        var sum = Int(bias[output])
        for step in 0..<taps * steps {
          for k in 0..<kr { sum += inputs[step * kr + k] * weights[(step * kr + k) * nr + output] }
        }
        for (extra, place) in places.enumerated() {
          for k in 0..<kr { sum += inputs[place * kr + k] * extraWeights[(extra * kr + k) * nr + output] }
        }
        let found = sums.base[pixel * nr + output]
        guard
          holds(
            found == Int32(truncatingIfNeeded: sum),
            "\(kernel.name): pixel \(pixel) of \(pixels), output \(output), \(taps) taps, \(channels) channels")
        else { return }
      }
    }
  }

  /// One of Winograd's points: all tiles at once, with or without what the sums held before.
  @Test(arguments: kernels.filter { $0.points != nil }, [1, 3, 5, 16, 17, 64, 127])
  func points(_ kernel: Kernel, _ channels: Int) throws {
    var noise = Noise(channels)
    let (nr, kr) = (kernel.nr, kernel.kr)
    let steps = (channels + kr - 1) / kr
    let depth = steps * kr
    for rows in 1...2 * kernel.mr + 1 {
      for adds in [false, true] {
        // Rows lie further apart than they are long.
        let pitch = depth + 3
        let inputs = (0..<(rows - 1) * pitch + depth).map { _ in kernel.input(&noise) }
        let x = try elements(inputs, kernel)
        let weights = kernel.weights(steps: steps, channels: channels, of: depth, &noise)
        let w = try packed(weights, kernel)
        let before = (0..<rows * nr).map { _ in Int32(noise.int(-100_000...100_000)) }
        let sums = try Guarded(before, aligned: true)
        kernel.points?(
          rows, steps, x.bytes, pitch * 2, w.base.assumingMemoryBound(to: Int8.self),
          4096, adds ? 1 : 0, sums.base)
        for row in 0..<rows {
          for output in 0..<nr {
            var sum = adds ? Int(before[row * nr + output]) : 0
            for k in 0..<depth { sum += inputs[row * pitch + k] * weights[k * nr + output] }
            guard
              holds(
                sums.base[row * nr + output] == Int32(truncatingIfNeeded: sum),
                "\(kernel.name): row \(row) of \(rows), output \(output), \(channels) channels, adds \(adds)")
            else { return }
          }
        }
      }
    }
  }

  /// Elements of the kernel's own width.
  private func elements(_ values: [Int], _ kernel: Kernel, aligned: Bool = false) throws -> GuardedBytes {
    let bytes = try GuardedBytes(count: values.count * (kernel.isWide ? 2 : 1), aligned: aligned)
    for (index, value) in values.enumerated() {
      if kernel.isWide {
        bytes.base.storeBytes(of: Int16(value), toByteOffset: 2 * index, as: Int16.self)
      } else {
        bytes.base.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: index, as: UInt8.self)
      }
    }
    return bytes
  }

  private func values(_ bytes: GuardedBytes, _ kernel: Kernel) -> [Int] {
    guard kernel.isWide else { return bytes.values(signed: kernel.isSigned) }
    return (0..<bytes.count / 2).map { Int(bytes.base.load(fromByteOffset: 2 * $0, as: Int16.self)) }
  }

  /// `weights` are [input][output]; a step of the packed ones is [kr / sub][output][sub].
  private func packed(_ weights: [Int], _ kernel: Kernel) throws -> GuardedBytes {
    let (nr, kr, sub) = (kernel.nr, kernel.kr, kernel.sub)
    var lying = [Int](repeating: 0, count: weights.count)
    for (index, weight) in weights.enumerated() {
      let (input, output) = (index / nr, index % nr)
      let (step, k) = (input / kr, input % kr)
      lying[step * nr * kr + (k / sub * nr + output) * sub + k % sub] = weight
    }
    return try elements(lying, kernel, aligned: true)
  }
}

extension QuantizedKernelTests.Kernel {
  /// A random input, often at the end of its range.
  func input(_ noise: inout Noise) -> Int {
    if isWide { return noise.int(0...3) == 0 ? 4590 : noise.int(-4590...4590) }
    if isSigned { return noise.int(0...3) == 0 ? -128 : noise.int(-128...127) }
    let largest = rule == Q8_FOURS_WITHIN_255 ? 128 : 255
    return noise.int(0...3) == 0 ? largest : noise.int(0...largest)
  }

  /// Random weights [input][output] that the kernel may have: 0 for inputs beyond `channels` of each `depth`.
  func weights(steps: Int, channels: Int, of depth: Int, _ noise: inout Noise) -> [Int] {
    var weights = (0..<steps * kr * nr).map { index -> Int in
      if index / nr % depth >= channels { return 0 }
      if isWide { return noise.int(0...3) == 0 ? -12_495 : noise.int(-12_495...12_495) }
      return noise.int(0...3) == 0 ? (noise.int(0...1) == 0 ? -128 : 127) : noise.int(-128...127)
    }
    if rule == Q8_FOURS_WITHIN_255 {
      // What meets in one lane is cut until it fits.
      for index in weights.indices where index / nr % kr < 4 && index / nr % 2 == 0 {
        let four = [index, index + nr, index + 4 * nr, index + 5 * nr]
        for isPositive in [true, false] {
          var room = 255
          for place in four where (weights[place] > 0) == isPositive {
            let kept = min(room, abs(weights[place]))
            room -= kept
            weights[place] = isPositive ? kept : -kept
          }
        }
      }
    } else if rule == Q8_PAIRS_EIGHT_APART {
      for index in weights.indices where weights[index] == -128 { weights[index] = -127 }
    }
    return weights
  }
}
