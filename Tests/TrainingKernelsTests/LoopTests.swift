import Glibc
import Kernels
import TestSupport
import Testing
import TrainingKernels

/// Training's loops over elements, channels and windows, every level against their definitions.
@Suite struct TrainingLoopTests {
  static let counts = [1, 3, 5, 16, 17, 64, 127]

  @Test(arguments: trainingLevels, counts) func elements(_ level: TrainingLevel, _ count: Int) throws {
    var noise = Noise(count)
    let kernels = level.kernels
    let (x, dy) = (try GuardedFloats(noise.floats(count).map { $0 * 6 }), try GuardedFloats(noise.floats(count)))
    typealias Function = (Double) -> Double
    let activations: [(train_activation, Float, Float, Function, Function)] = [
      (TRAIN_RELU, 0, 0, { max($0, 0) }, { $0 > 0 ? 1 : 0 }),
      (TRAIN_LEAKY_RELU, 0.125, 0, { $0 >= 0 ? $0 : 0.125 * $0 }, { $0 > 0 ? 1 : 0.125 }),
      (TRAIN_ELU, 0.75, 0, { $0 < 0 ? 0.75 * (exp($0) - 1) : $0 }, { $0 > 0 ? 1 : 0.75 * exp($0) }),
      (TRAIN_CLIP, -1, 2, { min(max($0, -1), 2) }, { $0 >= -1 && $0 <= 2 ? 1 : 0 }),
      (TRAIN_SIGMOID, 0, 0, { 1 / (1 + exp(-$0)) }, { exp(-$0) / ((1 + exp(-$0)) * (1 + exp(-$0))) }),
      (
        TRAIN_SWISH, 1.5, 0, { $0 / (1 + exp(-1.5 * $0)) },
        { (1 + exp(-1.5 * $0) * (1 + 1.5 * $0)) / ((1 + exp(-1.5 * $0)) * (1 + exp(-1.5 * $0))) }
      ),
      (TRAIN_HARD_SIGMOID, 0.25, 0.5, { min(max(0.25 * $0 + 0.5, 0), 1) }, { abs($0) < 2 ? 0.25 : 0 }),
      (
        TRAIN_HARD_SWISH, 0, 0, { $0 * min(max($0 / 6 + 0.5, 0), 1) },
        { $0 <= -3 ? 0 : $0 >= 3 ? 1 : $0 / 3 + 0.5 }
      ),
    ]
    for (kind, alpha, beta, value, slope) in activations {
      let y = try GuardedFloats([Float](repeating: .nan, count: count))
      kernels.activate(kind, alpha, beta, x.base, y.base, count)
      expectEqual(y.array, x.array.map { value(Double($0)) }, within: 1e-5, "activation \(kind.rawValue)")
      for accumulates in [false, true] {
        let before = noise.floats(count)
        let dx = try GuardedFloats(before)
        kernels.activate_gradient(kind, alpha, beta, x.base, dy.base, dx.base, accumulates ? 1 : 0, count)
        let expected = (0..<count).map {
          (accumulates ? Double(before[$0]) : 0) + Double(dy.base[$0]) * slope(Double(x.base[$0]))
        }
        expectEqual(dx.array, expected, within: 1e-5, "gradient \(kind.rawValue)")
      }
    }
    for flag in [false, true] {
      let before = noise.floats(count)
      let y = try GuardedFloats(before)
      kernels.scale(dy.base, y.base, 0.75, flag ? 1 : 0, count)
      expectEqual(
        y.array, (0..<count).map { (flag ? Double(before[$0]) : 0) + 0.75 * Double(dy.base[$0]) }, within: 1e-6, "scale"
      )
      kernels.add(x.base, dy.base, y.base, flag ? 1 : 0, count)
      #expect(y.array == (0..<count).map { flag ? max(x.base[$0] + dy.base[$0], 0) : x.base[$0] + dy.base[$0] })
    }
    let g = try GuardedFloats([Float](repeating: .nan, count: count))
    kernels.mask(x.base, dy.base, g.base, count)
    #expect(g.array == (0..<count).map { x.base[$0] > 0 ? dy.base[$0] : 0 })
    #expect(kernels.largest(x.base, count) == x.array.map { abs($0) }.max())
    x.base[count - 1] = .nan
    #expect(kernels.largest(x.base, count).isNaN && kernels.largest(x.base, 0) == 0)
  }

  /// The same numbers stay at every level, about the wanted share of them.
  @Test func dropout() throws {
    let (count, first) = (20_001, UInt64(1) << 40)
    var noise = Noise(1)
    let x = noise.floats(count)
    var kept: [[Bool]] = []
    for level in trainingLevels {
      let y = try GuardedFloats([Float](repeating: .nan, count: count))
      level.kernels.dropout(x, y.base, 0.3, 99, first, 0, count)
      kept.append(y.array.map { $0 != 0 })
      #expect((0..<count).allSatisfy { y.base[$0] == 0 || abs(y.base[$0] - x[$0] / 0.7) <= 1e-6 })
      // In two parts, and added to what was there.
      let sums = try GuardedFloats([Float](repeating: 1, count: count))
      level.kernels.dropout(x, sums.base, 0.3, 99, first, 1, 777)
      x.withUnsafeBufferPointer {
        level.kernels.dropout($0.baseAddress.map { $0 + 777 }, sums.base + 777, 0.3, 99, first + 777, 1, count - 777)
      }
      #expect(sums.array == y.array.map { 1 + $0 })
    }
    #expect(kept.allSatisfy { $0 == kept[0] })
    #expect(abs(Double(kept[0].filter { $0 }.count) / Double(count) - 0.7) < 0.02)
  }

  @Test(arguments: trainingLevels, counts) func optimisers(_ level: TrainingLevel, _ count: Int) throws {
    var noise = Noise(count)
    let (w, g, m) = (noise.floats(count), noise.floats(count), noise.floats(count))
    let v = noise.floats(count).map { abs($0) }
    let (weights, first, second) = (try GuardedFloats(w), try GuardedFloats(m), try GuardedFloats(v))
    level.kernels.adam(weights.base, g, first.base, second.base, count, 0.99, 0.9, 0.999, 0.01, 1.5, 1e-3)
    let firsts = (0..<count).map { index -> Double in 0.9 * Double(m[index]) + 0.1 * Double(g[index]) }
    let seconds = (0..<count).map { index -> Double in
      let slope = Double(g[index])
      return 0.999 * Double(v[index]) + 0.001 * slope * slope
    }
    expectEqual(first.array, firsts, within: 1e-6, "first moment")
    expectEqual(second.array, seconds, within: 1e-6, "second moment")
    let stepped = (0..<count).map { index -> Double in
      let size = seconds[index].squareRoot() * 1.5 + 1e-3
      return 0.99 * Double(w[index]) - 0.01 * firsts[index] / size
    }
    expectEqual(weights.array, stepped, within: 1e-5, "Adam")

    let (moved, speed) = (try GuardedFloats(w), try GuardedFloats(m))
    level.kernels.momentum(moved.base, g, speed.base, count, 0.99, 0.9, 0.01)
    let speeds = (0..<count).map { 0.9 * Double(m[$0]) + Double(g[$0]) }
    expectEqual(speed.array, speeds, within: 1e-6, "speed")
    let slid = (0..<count).map { index -> Double in 0.99 * Double(w[index]) - 0.01 * speeds[index] }
    expectEqual(moved.array, slid, within: 1e-6, "momentum")
  }

  /// Numbers that are halves between two of bf16, and NaNs.
  @Test(arguments: narrowTrainingLevels, counts) func narrowing(_ level: NarrowTrainingLevel, _ count: Int) throws {
    var noise = Noise(count)
    var values = noise.floats(count).map {
      noise.int(0...1) == 0 ? Float(bitPattern: $0.bitPattern & ~0xffff | 0x8000) : $0
    }
    if count > 3 { values[count / 2] = .nan }
    let x = try GuardedFloats(values)
    let y = try Guarded([UInt16](repeating: 0x1234, count: count))
    onThreads(3) { level.kernels.narrow(x.base, y.base, count, $0, $1) }
    for (value, found) in zip(values, y.array) {
      #expect(value.isNaN ? widen(found).isNaN : found == narrow(value), "\(value)")
    }
    for accumulates in [false, true] {
      let before = noise.floats(count)
      let back = try GuardedFloats(before)
      onThreads(3) { level.kernels.widen(y.base, back.base, accumulates ? 1 : 0, count, $0, $1) }
      for index in 0..<count {
        let wanted = (accumulates ? before[index] : 0) + widen(y.base[index])
        #expect(back.base[index] == wanted || wanted.isNaN && back.base[index].isNaN)
      }
    }
  }

  static let windows: [train_pool] = {
    var noise = Noise(3)
    return counts.flatMap { channels in
      (0..<5).map { round in
        var p = train_pool()
        (p.images, p.channels) = (Int32(noise.int(1...3)), Int32(channels))
        (p.in_height, p.in_width) = (Int32(noise.int(4...8)), Int32(noise.int(4...8)))
        (p.kernel_height, p.kernel_width) = (Int32(noise.int(1...3)), Int32(noise.int(1...3)))
        (p.stride_height, p.stride_width) = (Int32(noise.int(1...2)), Int32(noise.int(1...2)))
        (p.dilation_height, p.dilation_width) = (1, round == 0 ? 2 : 1)
        (p.pad_top, p.pad_left) = (Int32(noise.int(0...1)), Int32(noise.int(0...1)))
        p.out_height = (p.in_height + 2 * p.pad_top - p.kernel_height) / p.stride_height + 1
        let reach = p.dilation_width * (p.kernel_width - 1) + 1
        p.out_width = (p.in_width + 2 * p.pad_left - reach) / p.stride_width + 1
        return p
      }
    }
  }()

  @Test(arguments: trainingLevels) func windows(_ level: TrainingLevel) throws {
    var noise = Noise(5)
    for window in Self.windows {
      var p = window
      let channels = Int(p.channels)
      let (ins, outs) = (Int(p.images * p.in_height * p.in_width), Int(p.images * p.out_height * p.out_width))
      let taps = Int(p.kernel_height * p.kernel_width)
      let (x, dy) = (try GuardedFloats(noise.floats(ins * channels)), try GuardedFloats(noise.floats(outs * channels)))
      let w = try GuardedFloats(noise.floats(taps * channels))
      let bias = try GuardedFloats(noise.floats(channels))
      let before = noise.floats(ins * channels)
      let weightsBefore = noise.floats(taps * channels)

      var sums = (0..<outs * channels).map { Double(bias.base[$0 % channels]) }
      var slopes = before.map { Double($0) }
      var weightSlopes = weightsBefore.map { Double($0) }
      var (best, chosen) = (
        [Float](repeating: -.infinity, count: outs * channels), [UInt16](repeating: .max, count: outs * channels)
      )
      var poolSlopes = slopes
      forEachTap(p) { pixel, output, tap in
        for c in 0..<channels {
          let (from, to, weight) = (pixel * channels + c, output * channels + c, tap * channels + c)
          sums[to] += Double(x.base[from]) * Double(w.base[weight])
          slopes[from] += Double(dy.base[to]) * Double(w.base[weight])
          weightSlopes[weight] += Double(x.base[from]) * Double(dy.base[to])
          if x.base[from] > best[to] { (best[to], chosen[to]) = (x.base[from], UInt16(tap)) }
        }
      }
      forEachTap(p) { pixel, output, tap in
        for c in 0..<channels where chosen[output * channels + c] == UInt16(tap) {
          poolSlopes[pixel * channels + c] += Double(dy.base[output * channels + c])
        }
      }
      let kernels = level.kernels
      let y = try GuardedFloats([Float](repeating: .nan, count: outs * channels))
      onThreads(3) { kernels.depthwise(&p, x.base, w.base, bias.base, y.base, $0, $1) }
      expectEqual(y.array, sums, within: 1e-5, "depthwise, \(p)")
      let (dx, dw) = (try GuardedFloats(before), try GuardedFloats(weightsBefore))
      onThreads(3) { kernels.depthwise_data_gradient(&p, dy.base, w.base, dx.base, 1, $0, $1) }
      expectEqual(dx.array, slopes, within: 1e-5, "depthwise by the data, \(p)")
      onThreads(3) { kernels.depthwise_weight_gradient(&p, x.base, dy.base, dw.base, 1, $0, $1) }
      expectEqual(dw.array, weightSlopes, within: 1e-4, "depthwise by the weights, \(p)")

      let picks = try Guarded([UInt16](repeating: 0, count: outs * channels))
      onThreads(3) { kernels.max_pool(&p, x.base, y.base, picks.base, $0, $1) }
      #expect(y.array == best && picks.array == chosen, "max pool, \(p)")
      let poolDx = try GuardedFloats(before)
      onThreads(3) { kernels.max_pool_gradient(&p, dy.base, picks.base, poolDx.base, 1, $0, $1) }
      expectEqual(poolDx.array, poolSlopes, within: 1e-5, "max pool's gradient, \(p)")
    }
  }

  /// Calls with every pixel of the input that an output reads, and the tap it does so by.
  private func forEachTap(_ p: train_pool, _ body: (_ pixel: Int, _ output: Int, _ tap: Int) -> Void) {
    for image in 0..<p.images {
      for oy in 0..<p.out_height {
        for ox in 0..<p.out_width {
          for tap in 0..<p.kernel_height * p.kernel_width {
            let iy = oy * p.stride_height - p.pad_top + tap / p.kernel_width * p.dilation_height
            let ix = ox * p.stride_width - p.pad_left + tap % p.kernel_width * p.dilation_width
            guard iy >= 0, iy < p.in_height, ix >= 0, ix < p.in_width else { continue }
            body(
              Int((image * p.in_height + iy) * p.in_width + ix), Int((image * p.out_height + oy) * p.out_width + ox),
              Int(tap))
          }
        }
      }
    }
  }

  /// Whole planes: averages, maxima, and the order of channels.
  @Test(arguments: trainingLevels, counts) func planes(_ level: TrainingLevel, _ channels: Int) throws {
    let kernels = level.kernels
    for (images, pixels) in [(1, 1), (3, 5), (2, 300)] {
      var noise = Noise(channels)
      let size = images * pixels * channels
      let (n, area, depth) = (Int32(images), Int32(pixels), Int32(channels))
      let (x, dy) = (try GuardedFloats(noise.floats(size)), try GuardedFloats(noise.floats(images * channels)))
      let y = try GuardedFloats([Float](repeating: .nan, count: images * channels))
      func value(_ image: Int, _ pixel: Int, _ c: Int) -> Float { x.base[(image * pixels + pixel) * channels + c] }
      onThreads(2) { kernels.average(x.base, y.base, n, area, depth, $0, $1) }
      let means = (0..<images * channels).map { index in
        (0..<pixels).reduce(0.0) { $0 + Double(value(index / channels, $1, index % channels)) } / Double(pixels)
      }
      expectEqual(y.array, means, within: 1e-6, "average")
      let picks = try Guarded([Int32](repeating: -1, count: images * channels))
      onThreads(2) { kernels.maximum(x.base, y.base, picks.base, n, area, depth, $0, $1) }
      for index in 0..<images * channels {
        let values = (0..<pixels).map { value(index / channels, $0, index % channels) }
        #expect(y.base[index] == values.max() && values[Int(picks.base[index])] == y.base[index])
      }
      for accumulates in [false, true] {
        let before = noise.floats(size)
        let (dx, picked) = (try GuardedFloats(before), try GuardedFloats(before))
        onThreads(2) { kernels.average_gradient(dy.base, dx.base, n, area, depth, accumulates ? 1 : 0, $0, $1) }
        onThreads(2) {
          kernels.maximum_gradient(dy.base, picks.base, picked.base, n, area, depth, accumulates ? 1 : 0, $0, $1)
        }
        func slope(_ index: Int) -> Double {
          Double(dy.base[index / (pixels * channels) * channels + index % channels])
        }
        func start(_ index: Int) -> Double { accumulates ? Double(before[index]) : 0 }
        expectEqual(
          dx.array, (0..<size).map { start($0) + slope($0) / Double(pixels) }, within: 1e-6, "average's gradient")
        let expected = (0..<size).map { index -> Double in
          let pick = picks.base[index / (pixels * channels) * channels + index % channels]
          return start(index) + (Int(pick) == index / channels % pixels ? slope(index) : 0)
        }
        expectEqual(picked.array, expected, within: 1e-6, "maximum's gradient")
        // [images][channels][pixels] from [images][pixels][channels], and back.
        let planes = try GuardedFloats(before)
        onThreads(2) { kernels.to_channels_first(x.base, planes.base, n, depth, area, accumulates ? 1 : 0, $0, $1) }
        let turned = (0..<size).map { index -> Float in
          let (image, rest) = index.quotientAndRemainder(dividingBy: pixels * channels)
          return (accumulates ? before[index] : 0) + value(image, rest % pixels, rest / pixels)
        }
        #expect(planes.array == turned)
        if !accumulates {
          let back = try GuardedFloats([Float](repeating: .nan, count: size))
          onThreads(2) { kernels.to_channels_last(planes.base, back.base, n, depth, area, $0, $1) }
          #expect(back.array == x.array)
        }
      }
      let rows = images * pixels
      for accumulates in [false, true] {
        let sums = try GuardedFloats(dy.array.prefix(channels).map { $0 })
        onThreads(2) { kernels.column_sums(x.base, Int64(rows), depth, sums.base, accumulates ? 1 : 0, $0, $1) }
        let expected = (0..<channels).map { c in
          (0..<rows).reduce(accumulates ? Double(dy.base[c]) : 0) { $0 + Double(x.base[$1 * channels + c]) }
        }
        expectEqual(sums.array, expected, within: 1e-4, "column sums")
      }
    }
  }
}
