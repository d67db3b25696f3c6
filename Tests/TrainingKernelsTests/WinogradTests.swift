import Kernels
import TestSupport
import Testing
import TrainingKernels

/// Winograd in training, at every instruction set, of float and of bf16, cut for one thread and for several, against the
/// sums written out.
@Suite struct TrainingWinogradTests {
  struct Level: Sendable, CustomTestStringConvertible {
    let name: String
    let winograd: train_winograd
    let width: Int32
    /// Of the largest result.
    var convolutionError: Double { isFloat ? 1e-5 : 0.03 }
    /// Of 60,000 pixels 1.5e-5; plain float sums of as many are off by 7e-6.
    var weightError: Double { isFloat ? 3e-5 : 0.03 }

    var isFloat: Bool { winograd.number_bytes == 4 }
    var testDescription: String { isFloat ? name : "\(name), bf16" }
  }

  static let levels: [Level] = {
    var levels: [Level] = []
    for level in instructionSets {
      let (name, kernels) = (String(cString: kernels_level_name(level)), train_table_for(level))
      levels.append(Level(name: name, winograd: kernels.f32.winograd, width: kernels.f32.width))
      guard kernels.multiplies_bf16 != 0 else { continue }
      levels.append(Level(name: name, winograd: kernels.bf16.winograd, width: kernels.bf16.width))
    }
    return levels
  }()

  struct Case: Sendable, CustomTestStringConvertible {
    var images = 1
    var size = (5, 7)
    var channels = 24
    /// A multiple of 32: the weights' gradient wants whole panels at every level.
    var columns = 32
    var pad = (1, 1)

    var testDescription: String { "\(images)×\(size)×\(channels) → \(columns), pad \(pad)" }
    var out: (Int, Int) { (size.0 + 2 * pad.0 - 2, size.1 + 2 * pad.1 - 2) }
  }

  static let cases: [Case] = [
    Case(), Case(images: 3, size: (9, 4), channels: 16), Case(size: (1, 1), channels: 127),
    Case(size: (3, 3), channels: 17, pad: (0, 0)), Case(size: (2, 17), channels: 31, columns: 64, pad: (2, 0)),
    Case(images: 2, size: (13, 12), channels: 33, pad: (0, 2)),
    Case(images: 5, size: (14, 14), channels: 64, columns: 96), Case(size: (7, 6), channels: 250, columns: 192),
    Case(images: 40, size: (40, 38), channels: 16),
  ]
  /// Of these the last panel is not full.
  static let ragged: [Case] = [
    Case(columns: 17), Case(images: 2, size: (6, 9), channels: 40, columns: 33),
    Case(size: (8, 8), channels: 300, columns: 201),
  ]

  @Test(arguments: levels, cases + ragged) func convolution(_ kernels: Level, _ test: Case) throws {
    if !kernels.isFloat && test.channels % 2 != 0 { return }
    var noise = Noise(test.channels)
    let x = try GuardedFloats(noise.floats(test.images * test.size.0 * test.size.1 * test.channels))
    let w = noise.floats(9 * test.channels * test.columns)
    let bias = try GuardedFloats(noise.floats(test.columns))
    let before = noise.floats(test.images * test.out.0 * test.out.1 * test.columns)
    let packed = try GuardedFloats(pack(w, test, Int(kernels.width)), aligned: true)
    for turned in [false, true] {
      let expected = outputs(test, x.array, turned ? reversed(w, test) : w, bias.array, before)
      let largest = expected.reduce(1) { max($0, abs($1)) }
      for (threads, isNarrow) in [(1, false), (2, false), (5, false), (1, true), (2, true)] {
        let y = try GuardedFloats(isNarrow ? narrowed(before) : before)
        var job = self.job(test)
        job.turned = turned ? 1 : 0
        job.accumulate = 1
        (job.x, job.w, job.bias) = (
          UnsafeRawPointer(x.base), UnsafePointer(packed.base), UnsafePointer(bias.base)
        )
        (job.target, job.target_narrow) = (UnsafeMutableRawPointer(y.base), isNarrow ? 1 : 0)
        let memory = try prepare(&job, kernels, threads, forWeights: false)
        if job.by_panels != 0 {
          inBlocks(&job) {
            run($0, threads, kernels.winograd.inputs)
            run($0, threads, kernels.winograd.panels)
          }
        } else {
          run(job, threads, kernels.winograd.filters)
          run(job, threads, kernels.winograd.tiles)
        }
        withExtendedLifetime(memory) {
          // A result is rounded to 8 bits, and so was what it is added to.
          let error = (kernels.convolutionError + (isNarrow ? 1 / 128 : 0)) * largest
          let found = isNarrow ? widened(y.array, expected.count) : y.array
          expectEqual(found, expected, within: error, "\(threads) threads, turned: \(turned), narrow: \(isNarrow)")
        }
      }
    }
  }

  @Test(arguments: levels, cases) func weightGradient(_ kernels: Level, _ test: Case) throws {
    var noise = Noise(test.channels)
    let x = try GuardedFloats(noise.floats(test.images * test.size.0 * test.size.1 * test.channels))
    let dy = try GuardedFloats(noise.floats(test.images * test.out.0 * test.out.1 * test.columns))
    let before = noise.floats(9 * test.channels * test.columns)
    let expected = slopes(test, x.array, dy.array, before)
    let largest = expected.reduce(1) { max($0, abs($1)) }
    let width = Int(kernels.width)
    for threads in [1, 2, 5] {
      let dw = try GuardedFloats(pack(before, test, width), aligned: true)
      var job = self.job(test)
      job.accumulate = 1
      (job.x, job.y) = (UnsafeRawPointer(x.base), UnsafeRawPointer(dy.base))
      job.target = UnsafeMutableRawPointer(dw.base)
      let memory = try prepare(&job, kernels, threads, forWeights: true)
      inBlocks(&job) {
        run($0, threads, kernels.winograd.inputs)
        run($0, threads, kernels.winograd.sums)
      }
      withExtendedLifetime(memory) {
        let found = dw.array
        let unpacked = (0..<expected.count).map { found[place(of: $0, test, width)] }
        expectEqual(unpacked, expected, within: kernels.weightError * largest, "\(threads) threads")
      }
    }
  }

  // MARK: Help

  /// As bfloat16, two of them in the place of a float, cut off rather than rounded.
  private func narrowed(_ floats: [Float]) -> [Float] {
    stride(from: 0, to: floats.count, by: 2).map { index in
      let next = index + 1 < floats.count ? floats[index + 1].bitPattern : 0
      return Float(bitPattern: floats[index].bitPattern >> 16 | next & 0xFFFF_0000)
    }
  }

  private func widened(_ pairs: [Float], _ count: Int) -> [Float] {
    (0..<count).map { index in
      let bits = pairs[index / 2].bitPattern
      return Float(bitPattern: index % 2 == 0 ? bits << 16 : bits & 0xFFFF_0000)
    }
  }

  private func job(_ test: Case) -> train_winograd_job {
    var job = train_winograd_job()
    job.geometry = convolution_geometry(
      batch: test.images, in_height: test.size.0, in_width: test.size.1, in_channels: test.channels,
      out_height: test.size.0 + 2 * test.pad.0 - 2, out_width: test.size.1 + 2 * test.pad.1 - 2,
      out_channels: test.columns, kernel_height: 3, kernel_width: 3, stride_height: 1, stride_width: 1,
      dilation_height: 1, dilation_width: 1, pad_top: test.pad.0, pad_left: test.pad.1, pad_bottom: test.pad.0,
      pad_right: test.pad.1, groups: 1)
    return job
  }

  /// What the job needs, ending where memory ends; filled with what must not be used before it is written.
  private func prepare(
    _ job: inout train_winograd_job, _ kernels: Level, _ threads: Int, forWeights: Bool
  ) throws -> [GuardedFloats] {
    withUnsafePointer(to: kernels.winograd) {
      train_winograd_plan(&job, $0, kernels.width, forWeights ? 1 : 0, Int32(threads))
    }
    func memory(_ count: Int64) throws -> GuardedFloats {
      try GuardedFloats([Float](repeating: .nan, count: Int(count)), aligned: true)
    }
    let zeros = try GuardedFloats(
      [Float](repeating: 0, count: Int(max(job.geometry.in_channels, job.geometry.out_channels)) + 31))
    let parts = try [
      job.u_floats, job.v_floats, job.s_floats, job.m_floats * Int64(threads),
    ].map { try memory($0) }
    job.zeros = UnsafePointer(zeros.base)
    (job.u, job.v) = (UnsafeMutableRawPointer(parts[0].base), UnsafeMutableRawPointer(parts[1].base))
    job.s = job.s_floats > 0 ? UnsafeMutableRawPointer(parts[2].base) : nil
    job.m = parts[3].base
    return parts + [zeros]
  }

  private func run(
    _ job: train_winograd_job, _ threads: Int,
    _ work: (@convention(c) (UnsafePointer<train_winograd_job>?, Int32, Int32) -> Void)?
  ) {
    withUnsafePointer(to: job) { job in
      for thread in (0..<threads).reversed() { work?(job, Int32(thread), Int32(threads)) }
    }
  }

  private func inBlocks(_ job: inout train_winograd_job, _ body: (train_winograd_job) -> Void) {
    job.first = 0
    while job.first < job.all_tiles {
      job.count = min(job.block, job.all_tiles - job.first)
      body(job)
      job.first += job.count
    }
  }

  /// Where the weight at `index` of [tap][channel][column] lies in [panel][tap][channel][width].
  private func place(of index: Int, _ test: Case, _ width: Int) -> Int {
    let (row, column) = index.quotientAndRemainder(dividingBy: test.columns)
    return (column / width * 9 * test.channels + row) * width + column % width
  }

  private func pack(_ w: [Float], _ test: Case, _ width: Int) -> [Float] {
    var packed = [Float](repeating: 0, count: (test.columns + width - 1) / width * 9 * test.channels * width)
    for (index, weight) in w.enumerated() { packed[place(of: index, test, width)] = weight }
    return packed
  }

  private func reversed(_ w: [Float], _ test: Case) -> [Float] {
    let size = test.channels * test.columns
    return (0..<9).flatMap { tap in w[((8 - tap) * size)..<((9 - tap) * size)] }
  }

  /// Calls with the offsets of every pixel of x, the output that reads it and the tap it does so by.
  private func forEachPair(_ test: Case, _ body: (_ x: Int, _ y: Int, _ tap: Int) -> Void) {
    for image in 0..<test.images {
      for row in 0..<test.out.0 {
        for column in 0..<test.out.1 {
          let y = ((image * test.out.0 + row) * test.out.1 + column) * test.columns
          for tap in 0..<9 {
            let (down, across) = (row + tap / 3 - test.pad.0, column + tap % 3 - test.pad.1)
            guard (0..<test.size.0).contains(down), (0..<test.size.1).contains(across) else { continue }
            body(((image * test.size.0 + down) * test.size.1 + across) * test.channels, y, tap)
          }
        }
      }
    }
  }

  private func outputs(_ test: Case, _ x: [Float], _ w: [Float], _ bias: [Float], _ before: [Float]) -> [Double] {
    var y = before.enumerated().map { Double($1) + Double(bias[$0 % test.columns]) }
    y.withUnsafeMutableBufferPointer { y in
      forEachPair(test) { from, to, tap in
        for k in 0..<test.channels {
          let (value, row) = (Double(x[from + k]), (tap * test.channels + k) * test.columns)
          for j in 0..<test.columns { y[to + j] += value * Double(w[row + j]) }
        }
      }
    }
    return y
  }

  private func slopes(_ test: Case, _ x: [Float], _ dy: [Float], _ before: [Float]) -> [Double] {
    var dw = before.map { Double($0) }
    dw.withUnsafeMutableBufferPointer { dw in
      forEachPair(test) { from, to, tap in
        for k in 0..<test.channels {
          let (value, row) = (Double(x[from + k]), (tap * test.channels + k) * test.columns)
          for j in 0..<test.columns { dw[row + j] += value * Double(dy[to + j]) }
        }
      }
    }
    return dw
  }
}
