import TestSupport
import Testing
import TrainingKernels

/// Batch normalisation in training: every instruction set against the formulas in double, in float and in bf16.
@Suite struct NormalizationTests {
  static let channels = [1, 3, 5, 16, 17, 64, 127]
  /// More rows than a chunk, and a last chunk of one row.
  static let rows = [1, 5, Int(TRAIN_NORM_CHUNK) + 1]

  /// Activations and gradients in both types, with the same values: all of them are exact in bf16.
  private struct Batch {
    let rows: Int
    let channels: Int
    let x, dy, residual, scale, shift, mean: [Float]

    init(_ rows: Int, _ channels: Int) {
      var noise = Noise(rows * channels)
      func exact(_ count: Int, offset: Float = 0) -> [Float] {
        noise.floats(count).map { widen(narrow($0 + offset)) }
      }
      (self.rows, self.channels) = (rows, channels)
      x = exact(rows * channels, offset: 2)
      dy = exact(rows * channels)
      residual = exact(rows * channels)
      scale = exact(channels)
      shift = exact(channels, offset: -1)
      mean = exact(channels, offset: 2)
    }

    func normalized(_ index: Int) -> Double {
      Double(x[index]) * Double(scale[index % channels]) + Double(shift[index % channels])
    }
  }

  private static func halves(_ numbers: [Float]) throws -> Guarded<UInt16> { try Guarded(numbers.map { narrow($0) }) }

  @Test(arguments: trainingLevels, channels) func moments(_ level: TrainingLevel, _ channels: Int) throws {
    for rows in Self.rows {
      let batch = Batch(rows, channels)
      let x = try GuardedFloats(batch.x)
      try expectMoments(level.kernels.norm_moments, UnsafeRawPointer(x.base), batch)
    }
  }

  @Test(arguments: narrowTrainingLevels, channels) func narrowMoments(
    _ level: NarrowTrainingLevel, _ channels: Int
  ) throws {
    for rows in Self.rows {
      let batch = Batch(rows, channels)
      let x = try Self.halves(batch.x)
      try expectMoments(level.kernels.norm_moments, UnsafeRawPointer(x.base), batch)
    }
  }

  private func expectMoments(_ kernel: train_norm_moments?, _ x: UnsafeRawPointer, _ batch: Batch) throws {
    let (channels, chunk) = (batch.channels, Int(TRAIN_NORM_CHUNK))
    let chunks = (batch.rows + chunk - 1) / chunk
    var first: [Float]?
    for threads in [1, 3] {
      let partials = try GuardedFloats([Float](repeating: .nan, count: 3 * chunks * channels))
      onThreads(threads) { kernel?(x, Int64(batch.rows), Int32(channels), partials.base, $0, $1) }
      #expect(first ?? partials.array == partials.array, "\(threads) threads")
      first = partials.array
      for index in 0..<chunks * channels {
        let (part, c) = index.quotientAndRemainder(dividingBy: channels)
        let values = (part * chunk..<min((part + 1) * chunk, batch.rows)).map { Double(batch.x[$0 * channels + c]) }
        let found = (0..<3).map { Double(partials.base[(part * 3 + $0) * channels + c]) }
        #expect(found[0] == values[0])
        #expect(abs(found[1] - values.reduce(0) { $0 + ($1 - values[0]) }) < 1e-3)
        #expect(abs(found[2] - values.reduce(0) { $0 + ($1 - values[0]) * ($1 - values[0]) }) < 1e-3)
      }
    }
  }

  @Test(arguments: trainingLevels, channels) func apply(_ level: TrainingLevel, _ channels: Int) throws {
    let batch = Batch(5, channels)
    let (x, residual) = (try GuardedFloats(batch.x), try GuardedFloats(batch.residual))
    for (adds, rectifies) in [(false, false), (false, true), (true, false), (true, true)] {
      let y = try GuardedFloats([Float](repeating: .nan, count: batch.x.count))
      onThreads(3) {
        level.kernels.norm_apply(
          x.base, adds ? residual.base : nil, y.base, batch.scale, batch.shift, 5, Int32(channels), rectifies ? 1 : 0,
          $0, $1)
      }
      expectEqual(y.array, outputs(batch, adds, rectifies), within: 1e-5, "\(adds) \(rectifies)")
    }
  }

  private func outputs(_ batch: Batch, _ adds: Bool, _ rectifies: Bool) -> [Double] {
    batch.x.indices.map { index in
      let value = batch.normalized(index) + (adds ? Double(batch.residual[index]) : 0)
      return rectifies ? max(value, 0) : value
    }
  }

  @Test(arguments: narrowTrainingLevels, channels) func narrowApply(
    _ level: NarrowTrainingLevel, _ channels: Int
  ) throws {
    let batch = Batch(5, channels)
    let count = batch.x.count
    let (x, narrowX) = (try GuardedFloats(batch.x), try Self.halves(batch.x))
    let (residual, narrowResidual) = (try GuardedFloats(batch.residual), try Self.halves(batch.residual))
    for bits in 0..<16 {
      let (readsNarrow, adds, addsNarrow, rectifies) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0, bits & 8 > 0)
      let y = try GuardedFloats([Float](repeating: .nan, count: count))
      let copies = try (0..<2).map { _ in try Guarded([UInt16](repeating: 0xFFFF, count: count)) }
      let from = readsNarrow ? UnsafeRawPointer(narrowX.base) : UnsafeRawPointer(x.base)
      let added = addsNarrow ? UnsafeRawPointer(narrowResidual.base) : UnsafeRawPointer(residual.base)
      onThreads(3) {
        level.kernels.norm_apply(
          from, readsNarrow ? 1 : 0, adds ? added : nil, addsNarrow ? 1 : 0, y.base, copies[0].base, copies[1].base,
          batch.scale, batch.shift, 5, Int32(channels), rectifies ? 1 : 0, $0, $1)
      }
      expectEqual(y.array, outputs(batch, adds, rectifies), within: 1e-5, "\(bits)")
      #expect(copies[0].array == narrowX.array)
      #expect(copies[1].array == y.array.map { narrow($0) })
    }
  }

  /// The rectifier's mask: none, from the input, or from the output.
  enum Mask: CaseIterable { case none, input, output }

  @Test(arguments: trainingLevels, channels) func gradient(_ level: TrainingLevel, _ channels: Int) throws {
    for (rows, mask) in Self.rows.flatMap({ rows in Mask.allCases.map { (rows, $0) } }) {
      let batch = Batch(rows, channels)
      let y = batch.x.indices.map { Float(max(batch.normalized($0), 0)) }
      let (x, output) = (try GuardedFloats(batch.x), try GuardedFloats(y))
      try expectGradient(
        level.kernels.norm_gradient_sums, level.kernels.norm_gradient, UnsafeRawPointer(x.base),
        UnsafeRawPointer(output.base), batch, mask, isNarrow: false)
    }
  }

  @Test(arguments: narrowTrainingLevels, channels) func narrowGradient(
    _ level: NarrowTrainingLevel, _ channels: Int
  ) throws {
    for (rows, mask) in Self.rows.flatMap({ rows in Mask.allCases.map { (rows, $0) } }) {
      let batch = Batch(rows, channels)
      let y = batch.x.indices.map { Float(max(batch.normalized($0), 0)) }
      let (x, output) = (try Self.halves(batch.x), try Self.halves(y))
      for isNarrow in [false, true] {
        try expectGradient(
          level.kernels.norm_gradient_sums, level.kernels.norm_gradient, UnsafeRawPointer(x.base),
          UnsafeRawPointer(output.base), batch, mask, isNarrow: isNarrow, writesNarrow: true)
      }
    }
  }

  /// - Parameters:
  ///   - isNarrow: whether dy is bf16.
  ///   - writesNarrow: whether the kernel can write dx as bf16.
  private func expectGradient(
    _ addUp: train_norm_gradient_sums?, _ gradient: train_norm_gradient?, _ x: UnsafeRawPointer, _ y: UnsafeRawPointer,
    _ batch: Batch, _ mask: Mask, isNarrow: Bool, writesNarrow: Bool = false
  ) throws {
    let (rows, channels, count) = (batch.rows, batch.channels, batch.x.count)
    let g = batch.x.indices.map { mask == .none || batch.normalized($0) > 0 ? batch.dy[$0] : 0 }
    let (dy, narrowDy) = (try GuardedFloats(batch.dy), try Self.halves(batch.dy))
    let from = isNarrow ? UnsafeMutableRawPointer(narrowDy.base) : UnsafeMutableRawPointer(dy.base)

    let chunk = Int(TRAIN_NORM_CHUNK)
    let chunks = (rows + chunk - 1) / chunk
    let partials = try GuardedFloats([Float](repeating: .nan, count: 2 * chunks * channels))
    onThreads(3) {
      addUp?(
        x, from, mask == .output ? y : nil, mask == .output ? from : nil, batch.mean, batch.scale, batch.shift,
        Int64(rows), Int32(channels), mask == .input ? 1 : 0, isNarrow ? 1 : 0, partials.base, $0, $1)
    }
    for index in 0..<chunks * channels {
      let (part, c) = index.quotientAndRemainder(dividingBy: channels)
      let places = (part * chunk..<min((part + 1) * chunk, rows)).map { $0 * channels + c }
      let sum = places.reduce(0.0) { $0 + Double(g[$1]) }
      let product = places.reduce(0.0) { $0 + Double(g[$1]) * (Double(batch.x[$1]) - Double(batch.mean[c])) }
      #expect(abs(Double(partials.base[part * 2 * channels + c]) - sum) < 1e-3)
      #expect(abs(Double(partials.base[(part * 2 + 1) * channels + c]) - product) < 1e-3)
    }
    // The mask has been applied in place.
    if mask == .output { #expect(isNarrow ? narrowDy.array == g.map { narrow($0) } : dy.array == g) }

    let targets =
      writesNarrow
      ? [TRAIN_NORM_WRITES, TRAIN_NORM_ADDS, TRAIN_NORM_NARROW]
      : [
        TRAIN_NORM_WRITES, TRAIN_NORM_ADDS,
      ]
    for target in targets {
      let (dx, narrowDx) = (try GuardedFloats(batch.residual), try Self.halves(batch.residual))
      let to = target == TRAIN_NORM_NARROW ? UnsafeMutableRawPointer(narrowDx.base) : UnsafeMutableRawPointer(dx.base)
      onThreads(3) {
        gradient?(
          x, from, to, batch.scale, batch.mean, batch.shift, batch.scale, batch.shift, Int64(rows), Int32(channels),
          mask == .input ? 1 : 0, isNarrow ? 1 : 0, target, $0, $1)
      }
      let expected = (0..<count).map { index -> Double in
        let c = index % channels
        let value =
          Double(batch.scale[c]) * Double(g[index]) + Double(batch.mean[c]) * Double(batch.x[index])
          + Double(batch.shift[c])
        return value + (target == TRAIN_NORM_ADDS ? Double(batch.residual[index]) : 0)
      }
      let found = target == TRAIN_NORM_NARROW ? narrowDx.array.map { widen($0) } : dx.array
      expectEqual(found, expected, within: target == TRAIN_NORM_NARROW ? 0.05 : 1e-4, "target \(target.rawValue)")
    }
  }
}
