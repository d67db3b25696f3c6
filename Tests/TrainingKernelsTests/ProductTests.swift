import Kernels
import TestSupport
import Testing
import TrainingKernels

/// Convolutions and their gradients in training, every level against the sums written out.
@Suite struct TrainingProductTests {
  /// Positions that read taps of one image, and where those lie.
  struct Case: Sendable, CustomTestStringConvertible {
    var images = 2
    var positions = 7
    var taps = 3
    var run = 16
    var columns = 33
    var testDescription: String { "\(images) × \(positions) positions, \(taps) taps × \(run) → \(columns)" }

    var aImage: Int { (positions + taps + 1) * run }
    var cImage: Int { positions * columns + 5 }
  }

  static let cases: [Case] = [
    Case(run: 1, columns: 1), Case(run: 3, columns: 17), Case(taps: 1, run: 5, columns: 16), Case(run: 16),
    Case(images: 1, positions: 1, run: 17, columns: 64), Case(positions: 13, taps: 9, run: 64, columns: 40),
    Case(images: 3, positions: 40, taps: 2, run: 127, columns: 32),
    // More than one slice of the depth; more rows than are taken at once.
    Case(positions: 60, taps: 2, run: 330, columns: 33), Case(images: 1, positions: 300, taps: 1, run: 8, columns: 64),
  ]

  @Test(arguments: trainingLevels, cases) func convolve(_ level: TrainingLevel, _ test: Case) throws {
    var noise = Noise(test.run)
    let a = try GuardedFloats(noise.floats(test.images * test.aImage))
    let b = noise.floats(test.taps * test.run * test.columns)
    let packed = try GuardedFloats(self.packed(b, test, Int(level.kernels.width)), aligned: true)
    for (hasBias, accumulates, threads) in [(false, false, 1), (true, false, 3), (true, true, 2)] {
      let bias = try GuardedFloats(noise.floats(test.columns))
      let before = noise.floats((test.images - 1) * test.cImage + test.positions * test.columns)
      let c = try GuardedFloats(before)
      run(
        test, level.kernels.convolve, a.base, packed.base, bias: hasBias ? bias.base : nil, c.base, accumulates, false,
        threads)
      let expected = products(
        test, a.array, b, hasBias ? bias.array : nil, before.map { Double($0) }, accumulates)
      expectEqual(c.array, expected, within: 4e-7 * Double(test.run * test.taps + 8), "\(threads) threads")
    }
  }

  @Test(arguments: narrowTrainingLevels, cases.filter { $0.run % 2 == 0 })
  func convolveNarrow(_ level: NarrowTrainingLevel, _ test: Case) throws {
    var noise = Noise(test.run)
    let width = Int(level.kernels.width)
    let a = try Guarded(noise.floats(test.images * test.aImage).map(narrow))
    let b = noise.floats(test.taps * test.run * test.columns)
    let wide = try GuardedFloats(self.packed(b, test, width), aligned: true)
    let packed = try Guarded([UInt16](repeating: 0xffff, count: wide.count), aligned: true)
    onThreads(2) { level.kernels.narrow_weights(wide.base, packed.base, Int64(wide.count / width), $0, $1) }
    for (hasBias, accumulates, isNarrow, threads) in [
      (false, false, false, 1), (true, true, false, 3), (true, false, true, 2), (false, true, true, 1),
    ] {
      let bias = try GuardedFloats(noise.floats(test.columns))
      let before = noise.floats((test.images - 1) * test.cImage + test.positions * test.columns).map {
        widen(narrow($0))
      }
      let (c, cNarrow) = (try GuardedFloats(before), try Guarded(before.map(narrow)))
      run(
        test, level.kernels.convolve, a.base, packed.base, bias: hasBias ? bias.base : nil,
        isNarrow ? UnsafeMutableRawPointer(cNarrow.base) : UnsafeMutableRawPointer(c.base), accumulates, isNarrow,
        threads)
      let expected = products(
        test, a.array.map(widen), b.map { widen(narrow($0)) }, hasBias ? bias.array : nil, before.map { Double($0) },
        accumulates)
      let largest = expected.reduce(1) { max($0, abs($1)) }
      expectEqual(
        isNarrow ? cNarrow.array.map(widen) : c.array, expected, within: isNarrow ? largest / 200 : largest * 1e-5,
        "\(threads) threads, narrow \(isNarrow)")
    }
  }

  private func run(
    _ test: Case, _ convolve: (UnsafePointer<train_conv_job>?, Int32, Int32) -> Void, _ a: UnsafeRawPointer,
    _ b: UnsafeRawPointer, bias: UnsafePointer<Float>?, _ c: UnsafeMutableRawPointer, _ accumulates: Bool,
    _ isNarrow: Bool, _ threads: Int
  ) {
    // Two classes: the even positions read all taps, the odd ones all but the first.
    let lists = (0..<2).map { half in (0..<test.positions).filter { $0 % 2 == half } }
    let aOffsets = lists.map { $0.map { Int32($0 * test.run) } }
    let cOffsets = lists.map { $0.map { Int32($0 * test.columns) } }
    let tapA = (0..<test.taps).map { Int32($0 * test.run) }
    let tapB = (0..<test.taps).map { Int32($0) }
    withExtendedLifetime((aOffsets, cOffsets, tapA, tapB)) {
      aOffsets[0].withUnsafeBufferPointer { a0 in
        aOffsets[1].withUnsafeBufferPointer { a1 in
          cOffsets[0].withUnsafeBufferPointer { c0 in
            cOffsets[1].withUnsafeBufferPointer { c1 in
              tapA.withUnsafeBufferPointer { tapA in
                tapB.withUnsafeBufferPointer { tapB in
                  let classes = [(a0, c0, 0), (a1, c1, 1)].map { a, c, skipped in
                    train_conv_class(
                      positions: Int32(a.count), a_offset: a.baseAddress, c_offset: c.baseAddress,
                      taps: Int32(test.taps - skipped), tap_a: tapA.baseAddress.map { $0 + skipped },
                      tap_b: tapB.baseAddress.map { $0 + skipped })
                  }.filter { $0.positions > 0 }
                  classes.withUnsafeBufferPointer { classes in
                    var job = train_conv_job(
                      a: a, b: b, bias: bias, c: c, a_image: Int64(test.aImage), c_image: Int64(test.cImage),
                      images: Int32(test.images), run: Int32(test.run), taps: Int32(test.taps),
                      columns: Int32(test.columns), accumulate: accumulates ? 1 : 0, classes: Int32(classes.count),
                      list: classes.baseAddress, c_narrow: isNarrow ? 1 : 0)
                    onThreads(threads) { convolve(&job, $0, $1) }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  private func products(
    _ test: Case, _ a: [Float], _ b: [Float], _ bias: [Float]?, _ before: [Double], _ accumulates: Bool
  ) -> [Double] {
    var c = before
    for image in 0..<test.images {
      for position in 0..<test.positions {
        for column in 0..<test.columns {
          var sum = Double(bias?[column] ?? 0)
          for tap in position % 2..<test.taps {
            for k in 0..<test.run {
              let x = a[image * test.aImage + (position + tap) * test.run + k]
              sum += Double(x) * Double(b[(tap * test.run + k) * test.columns + column])
            }
          }
          let at = image * test.cImage + position * test.columns + column
          c[at] = (accumulates ? before[at] : 0) + sum
        }
      }
    }
    return c
  }

  /// [row][column] as [panel][row][width].
  private func packed(_ w: [Float], _ test: Case, _ width: Int) -> [Float] {
    let rows = test.taps * test.run
    var packed = [Float](repeating: 0, count: (test.columns + width - 1) / width * rows * width)
    for (index, weight) in w.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: test.columns)
      packed[(column / width * rows + row) * width + column % width] = weight
    }
    return packed
  }

  @Test(arguments: trainingLevels, cases) func weightGradient(_ level: TrainingLevel, _ test: Case) throws {
    var noise = Noise(test.run)
    let x = try GuardedFloats(noise.floats(test.images * test.aImage))
    let dy = try GuardedFloats(noise.floats((test.images - 1) * test.cImage + test.positions * test.columns))
    try gradient(
      test, Int(level.kernels.width), level.kernels.weight_gradient, x.base, dy.base, x.array, dy.array, &noise)
  }

  @Test(arguments: narrowTrainingLevels, cases.filter { $0.columns % 2 == 0 })
  func weightGradientNarrow(_ level: NarrowTrainingLevel, _ test: Case) throws {
    var noise = Noise(test.run)
    let x = try Guarded(noise.floats(test.images * test.aImage).map(narrow))
    let dy = try Guarded(
      noise.floats((test.images - 1) * test.cImage + test.positions * test.columns).map(narrow))
    try gradient(
      test, Int(level.kernels.width), level.kernels.weight_gradient, x.base, dy.base, x.array.map(widen),
      dy.array.map(widen), &noise)
  }

  private func gradient(
    _ test: Case, _ width: Int, _ kernel: (UnsafePointer<train_weight_job>?, Int32, Int32) -> Void,
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, _ xValues: [Float], _ dyValues: [Float], _ noise: inout Noise
  ) throws {
    for (accumulates, threads) in [(false, 1), (true, 3)] {
      // Odd positions do not read the first tap, as at an edge.
      let taps = (0..<test.taps).map { tap in
        (0..<test.positions).filter { tap >= $0 % 2 }.map { position in
          train_pair(x: Int32((position + tap) * test.run), position: Int32(position))
        }
      }
      let starts = (0...taps.count).map { end in Int32(taps[..<end].reduce(0) { $0 + $1.count }) }
      let pairs = taps.flatMap { $0 }
      let before = noise.floats(test.taps * test.run * test.columns)
      let dw = try GuardedFloats(packed(before, test, width), aligned: true)
      let room = Int(TRAIN_WEIGHT_PANELS) * Int(TRAIN_WEIGHT_BLOCK) * width
      let scratch = try GuardedFloats([Float](repeating: .nan, count: room * threads), aligned: true)
      pairs.withUnsafeBufferPointer { pairs in
        starts.withUnsafeBufferPointer { starts in
          var job = train_weight_job()
          (job.x, job.dy, job.dw, job.scratch) = (x, dy, dw.base, scratch.base)
          (job.x_image, job.dy_image) = (Int64(test.aImage), Int64(test.cImage))
          (job.dy_pixel, job.images, job.run) = (Int32(test.columns), Int32(test.images), Int32(test.run))
          (job.taps, job.columns, job.positions) = (Int32(test.taps), Int32(test.columns), Int32(test.positions))
          (job.accumulate, job.tap_start, job.pairs) = (accumulates ? 1 : 0, starts.baseAddress, pairs.baseAddress)
          onThreads(threads) { kernel(&job, $0, $1) }
        }
      }
      var expected = before.map { accumulates ? Double($0) : 0 }
      for image in 0..<test.images {
        for (tap, pairs) in taps.enumerated() {
          for pair in pairs {
            let slopes = image * test.cImage + Int(pair.position) * test.columns
            for k in 0..<test.run {
              let value = Double(xValues[image * test.aImage + Int(pair.x) + k])
              for column in 0..<test.columns {
                expected[(tap * test.run + k) * test.columns + column] += value * Double(dyValues[slopes + column])
              }
            }
          }
        }
      }
      let rows = test.taps * test.run
      let found = (0..<rows * test.columns).map { index -> Float in
        let (row, column) = index.quotientAndRemainder(dividingBy: test.columns)
        return dw.base[(column / width * rows + row) * width + column % width]
      }
      expectEqual(
        found, expected, within: 4e-7 * Double(test.images * test.positions + 8) * 2,
        "\(threads) threads, accumulates \(accumulates)")
    }
  }

  /// Both ways of packing the weights that the gradient by the data wants.
  @Test(arguments: [(1, 1, 2), (3, 3, 4), (9, 17, 34), (2, 64, 32), (1, 127, 66)])
  func transposedWeights(_ size: (taps: Int, inputs: Int, outputs: Int)) throws {
    var noise = Noise(size.inputs)
    let w = noise.floats(size.taps * size.inputs * size.outputs)
    func packed(_ rows: Int, _ columns: Int, _ width: Int, _ at: (Int, Int, Int) -> Float) -> [Float] {
      var packed = [Float](repeating: 0, count: (columns + width - 1) / width * size.taps * rows * width)
      for (tap, row) in (0..<size.taps).flatMap({ tap in (0..<rows).map { (tap, $0) } }) {
        for column in 0..<columns {
          packed[((column / width * size.taps + tap) * rows + row) * width + column % width] = at(tap, row, column)
        }
      }
      return packed
    }
    func weight(_ tap: Int, _ input: Int, _ output: Int) -> Float {
      w[(tap * size.inputs + input) * size.outputs + output]
    }
    for level in trainingLevels {
      let width = Int(level.kernels.width)
      let from = try GuardedFloats(packed(size.inputs, size.outputs, width, weight), aligned: true)
      let expected = packed(size.outputs, size.inputs, width) { weight($0, $2, $1) }
      let t = try GuardedFloats([Float](repeating: .nan, count: expected.count), aligned: true)
      onThreads(3) {
        level.kernels.transpose_weights(
          from.base, t.base, Int32(size.taps), Int32(size.inputs), Int32(size.outputs), $0, $1)
      }
      #expect(t.array == expected, "\(level.name)")
    }
    for level in narrowTrainingLevels {
      let width = Int(level.kernels.width)
      let from = try GuardedFloats(packed(size.inputs, size.outputs, width, weight), aligned: true)
      let rows = packed(size.outputs, size.inputs, width) { weight($0, $2, $1) }
      // Pairs of rows alternate.
      let expected = rows.indices.map { index -> UInt16 in
        let (pair, place) = index.quotientAndRemainder(dividingBy: 2 * width)
        return narrow(rows[(2 * pair + place % 2) * width + place / 2])
      }
      let t = try Guarded([UInt16](repeating: 0xffff, count: expected.count), aligned: true)
      onThreads(3) {
        level.kernels.transpose_weights(
          from.base, t.base, Int32(size.taps), Int32(size.inputs), Int32(size.outputs), $0, $1)
      }
      #expect(t.array == expected, "\(level.name), bf16")
    }
  }
}
