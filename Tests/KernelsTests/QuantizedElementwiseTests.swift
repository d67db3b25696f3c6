import Kernels
import Testing

/// The 8-bit kernels beside convolution, against their definitions in double arithmetic.
@Suite struct QuantizedElementwiseTests {
  private func range(_ signed: Bool) -> ClosedRange<Int> { signed ? -128...127 : 0...255 }
  private func rounded(_ value: Double, _ zero: Int, _ low: Int, _ high: Int) -> Int {
    min(max(Int(value.rounded(.toNearestOrEven)) + zero, low), high)
  }

  @Test(arguments: instructionSets, [(1, 5, 3), (2, 77, 3), (1, 20_000, 3), (2, 130, 17), (1, 1, 1000)])
  func edges(_ isa: kernels_level, _ size: (batch: Int, pixels: Int, channels: Int)) throws {
    var noise = Noise(size.pixels)
    let count = size.batch * size.pixels * size.channels
    for round in 0..<4 {
      let (planes, signed) = (round & 1 == 1, round & 2 == 2)
      let zero = noise.int(range(signed))
      // Halves are exact, and both ends are passed.
      let x = try GuardedFloats((0..<count).map { _ in Float(noise.int(-700...700)) * 0.25 })
      let y = try GuardedBytes(count: count)
      var quantize = q8_quantize()
      (quantize.isa, quantize.batch, quantize.pixels, quantize.channels) = (isa, size.batch, size.pixels, size.channels)
      (quantize.planes, quantize.scale, quantize.zero) = (planes ? 1 : 0, 0.5, Int32(zero))
      (quantize.low, quantize.high) = (Int32(range(signed).lowerBound), Int32(range(signed).upperBound))
      (quantize.x, quantize.y) = (UnsafePointer(x.base), y.base)
      q8_quantize_plan(&quantize)
      for task in 0..<quantize.tasks { q8_quantize_task(&quantize, task, 0) }
      func place(_ index: Int) -> Int {
        guard planes else { return index }
        let (image, rest) = (index / (size.pixels * size.channels), index % (size.pixels * size.channels))
        return (image * size.channels + rest % size.channels) * size.pixels + rest / size.channels
      }
      let expected = (0..<count).map {
        rounded(Double(x.base[place($0)]) / 0.5, zero, range(signed).lowerBound, range(signed).upperBound)
      }
      #expect(y.values(signed: signed) == expected)

      let back = try GuardedFloats([Float](repeating: .nan, count: count))
      var dequantize = q8_dequantize()
      (dequantize.isa, dequantize.batch, dequantize.pixels) = (isa, size.batch, size.pixels)
      (dequantize.channels, dequantize.planes, dequantize.scale) = (size.channels, planes ? 1 : 0, 0.5)
      (dequantize.x_signed, dequantize.zero) = (signed ? 1 : 0, Int32(zero))
      (dequantize.x, dequantize.y) = (UnsafeRawPointer(y.base), back.base)
      q8_dequantize_plan(&dequantize)
      for task in 0..<dequantize.tasks { q8_dequantize_task(&dequantize, task, 0) }
      #expect((0..<count).allSatisfy { back.base[place($0)] == Float(expected[$0] - zero) * 0.5 })
    }
  }

  @Test(arguments: instructionSets, [1, 33, 20_001]) func addition(_ isa: kernels_level, _ count: Int) throws {
    var noise = Noise(count)
    for round in 0..<8 {
      let (aSigned, bSigned, signed) = (round & 1 == 1, round & 2 == 2, round & 4 == 4)
      let (aZero, bZero, zero) = (noise.int(range(aSigned)), noise.int(range(bSigned)), noise.int(range(signed)))
      let aValues = (0..<count).map { _ in noise.int(range(aSigned)) }
      let bValues = (0..<count).map { _ in noise.int(range(bSigned)) }
      let (a, b, y) = (try GuardedBytes(aValues), try GuardedBytes(bValues), try GuardedBytes(count: count))
      var add = q8_add()
      (add.isa, add.count) = (isa, count)
      (add.a_signed, add.a_zero, add.b_signed, add.b_zero) = (
        aSigned ? 1 : 0, Int32(aZero), bSigned ? 1 : 0, Int32(bZero)
      )
      (add.a_multiplier, add.b_multiplier, add.zero) = (0.5, 0.8125, Int32(zero))
      // A Relu that was folded in.
      (add.low, add.high) = (Int32(zero), Int32(range(signed).upperBound))
      (add.a, add.b, add.y) = (UnsafeRawPointer(a.base), UnsafeRawPointer(b.base), y.base)
      q8_add_plan(&add)
      for task in 0..<add.tasks { q8_add_task(&add, task, 0) }
      let expected = (0..<count).map {
        rounded(
          Double(aValues[$0] - aZero) * 0.5 + Double(bValues[$0] - bZero) * 0.8125, zero, zero, range(signed).upperBound
        )
      }
      #expect(y.values(signed: signed) == expected)
    }
  }

  @Test(arguments: instructionSets, [(1, 1, 1), (2, 7, 3), (1, 33, 17), (2, 130, 96), (1, 3, 9000)])
  func multiplication(_ isa: kernels_level, _ size: (batch: Int, pixels: Int, channels: Int)) throws {
    var noise = Noise(size.pixels)
    let count = size.batch * size.pixels * size.channels
    for round in 0..<16 {
      let (aSigned, bSigned, signed) = (round & 1 == 1, round & 2 == 2, round % 3 == 0)
      let (planes, gates) = (round & 4 == 4, round & 8 == 8)
      let (aZero, bZero, zero) = (noise.int(range(aSigned)), noise.int(range(bSigned)), noise.int(range(signed)))
      let aValues = (0..<count).map { _ in noise.int(range(aSigned)) }
      let bValues = (0..<(gates ? size.batch * size.channels : count)).map { _ in noise.int(range(bSigned)) }
      let (a, b, y) = (try GuardedBytes(aValues), try GuardedBytes(bValues), try GuardedBytes(count: count))
      var multiply = q8_multiply()
      (multiply.isa, multiply.batch, multiply.pixels, multiply.channels) = (
        isa, size.batch, size.pixels, size.channels
      )
      (multiply.planes, multiply.gates) = (planes ? 1 : 0, gates ? 1 : 0)
      (multiply.a_signed, multiply.a_zero) = (aSigned ? 1 : 0, Int32(aZero))
      (multiply.b_signed, multiply.b_zero) = (bSigned ? 1 : 0, Int32(bZero))
      (multiply.multiplier, multiply.zero) = (0.0078125, Int32(zero))
      (multiply.low, multiply.high) = (Int32(range(signed).lowerBound), Int32(range(signed).upperBound))
      (multiply.a, multiply.b, multiply.y) = (UnsafeRawPointer(a.base), UnsafeRawPointer(b.base), y.base)
      q8_multiply_plan(&multiply)
      for task in (0..<multiply.tasks).reversed() { q8_multiply_task(&multiply, task, 0) }
      let expected = (0..<count).map { index -> Int in
        let (image, rest) = (index / (size.pixels * size.channels), index % (size.pixels * size.channels))
        let channel = planes ? rest / size.pixels : rest % size.channels
        let factor = bValues[gates ? image * size.channels + channel : index] - bZero
        return rounded(
          Double((aValues[index] - aZero) * factor) * 0.0078125, zero, range(signed).lowerBound,
          range(signed).upperBound)
      }
      #expect(y.values(signed: signed) == expected)
    }
  }

  @Test(arguments: instructionSets, [1, 15, 16, 63, 64, 65, 200, 20_001])
  func tables(_ isa: kernels_level, _ count: Int) throws {
    var noise = Noise(count)
    let (bytes, values) = ((0..<256).map { _ in noise.int(0...255) }, (0..<count).map { _ in noise.int(0...255) })
    let (x, y) = (try GuardedBytes(values), try GuardedBytes(count: count))
    let table = try GuardedBytes(count: 256, aligned: true)
    for (index, byte) in bytes.enumerated() { table.bytes[index] = UInt8(byte) }
    var look = q8_table()
    (look.isa, look.count, look.x, look.y) = (isa, count, UnsafeRawPointer(x.base), y.base)
    look.table = UnsafePointer(table.bytes)
    q8_table_plan(&look)
    for task in 0..<look.tasks { q8_table_task(&look, task, 0) }
    #expect(y.values(signed: false) == values.map { bytes[$0] })
  }

  /// By the range of the values and 0, as ONNX says; a NaN becomes 0.
  @Test(arguments: instructionSets, [1, 31, 33, 70_001]) func rangesFoundInARun(_ isa: kernels_level, _ count: Int)
    throws
  {
    var noise = Noise(count)
    for range in [-700...700, 5...900, -900...(-5), 0...0] {
      var values = (0..<count).map { _ in Float(noise.int(range)) * 0.37 }
      let isBroken = range == -700...700 && count > 1
      if isBroken { values[count / 2] = .nan }
      let (x, y) = (try GuardedFloats(values), try GuardedBytes(count: count))
      let (scale, zero) = (try GuardedFloats([.nan]), try GuardedBytes(count: 1))
      var quantize = q8_dynamic_quantize()
      (quantize.isa, quantize.count) = (isa, count)
      q8_dynamic_quantize_plan(&quantize)
      let ranges = try GuardedFloats([Float](repeating: .nan, count: 2 * quantize.tasks))
      (quantize.x, quantize.y) = (UnsafePointer(x.base), y.bytes)
      (quantize.scale, quantize.zero, quantize.ranges) = (scale.base, zero.bytes, ranges.base)
      for task in 0..<quantize.tasks { q8_find_range_task(&quantize, task, 0) }
      for task in (0..<quantize.tasks).reversed() { q8_dynamic_quantize_task(&quantize, task, 0) }
      let real = values.filter { !$0.isNaN }
      let (low, high) = (min(real.min() ?? 0, 0), max(real.max() ?? 0, 0))
      let step = high == low ? 1 : (high - low) / 255
      let point = rounded(Double(-low / step), 0, 0, 255)
      #expect(scale.base[0] == step && Int(zero.bytes[0]) == point)
      let expected = values.map { $0.isNaN ? 0 : rounded(Double($0 / step), point, 0, 255) }
      #expect(y.values(signed: false) == expected)
    }
  }

  @Test(arguments: instructionSets, [1, 3, 31, 32, 64, 77, 300]) func pooling(_ isa: kernels_level, _ channels: Int)
    throws
  {
    var noise = Noise(channels)
    for round in 0..<24 {
      var w = convolution_geometry()
      (w.batch, w.in_channels) = (noise.int(1...2), channels)
      (w.in_height, w.in_width) = round == 0 ? (1, 49) : (noise.int(4...9), noise.int(4...9))
      (w.kernel_height, w.kernel_width) = round == 0 ? (1, 49) : (noise.int(1...4), noise.int(1...4))
      (w.stride_height, w.stride_width) = (noise.int(1...3), noise.int(1...3))
      (w.dilation_height, w.dilation_width) = round % 3 == 1 ? (2, noise.int(1...2)) : (1, 1)
      if round > 0 {
        (w.pad_top, w.pad_left) = (noise.int(0...2), noise.int(0...2))
        (w.pad_bottom, w.pad_right) = (noise.int(0...2), noise.int(0...2))
      }
      let rows = w.in_height + w.pad_top + w.pad_bottom - w.dilation_height * (w.kernel_height - 1) - 1
      let columns = w.in_width + w.pad_left + w.pad_right - w.dilation_width * (w.kernel_width - 1) - 1
      guard rows >= 0, columns >= 0 else { continue }
      (w.out_height, w.out_width) = (rows / w.stride_height + 1, columns / w.stride_width + 1)
      try pool(isa, w, [F32_POOL_MAX, F32_POOL_AVERAGE, F32_POOL_AVERAGE_PADDED][round % 3], &noise)
    }
  }

  private func pool(_ isa: kernels_level, _ w: convolution_geometry, _ kind: f32_pool_kind, _ noise: inout Noise) throws
  {
    let signed = noise.int(0...1) == 1
    let (xZero, yZero) = (noise.int(range(signed)), noise.int(range(signed)))
    let values = (0..<w.batch * w.in_height * w.in_width * w.in_channels).map { _ in noise.int(range(signed)) }
    var expected: [Int] = []
    for image in 0..<w.batch {
      for oy in 0..<w.out_height {
        for ox in 0..<w.out_width {
          for channel in 0..<w.in_channels {
            var (inside, padded, sum, largest) = (0, 0, 0, range(signed).lowerBound)
            for ky in 0..<w.kernel_height {
              for kx in 0..<w.kernel_width {
                let iy = oy * w.stride_height + ky * w.dilation_height - w.pad_top
                let ix = ox * w.stride_width + kx * w.dilation_width - w.pad_left
                if iy < w.in_height + w.pad_bottom, ix < w.in_width + w.pad_right { padded += 1 }
                guard iy >= 0, iy < w.in_height, ix >= 0, ix < w.in_width else { continue }
                let value = values[((image * w.in_height + iy) * w.in_width + ix) * w.in_channels + channel]
                (inside, sum, largest) = (inside + 1, sum + value - xZero, max(largest, value))
              }
            }
            let count = kind == F32_POOL_AVERAGE ? inside : padded
            let mean = Double(sum) * 1.25 / Double(max(1, count))
            expected.append(
              kind == F32_POOL_MAX
                ? largest
                : inside == 0 ? yZero : rounded(mean, yZero, range(signed).lowerBound, range(signed).upperBound))
          }
        }
      }
    }
    let (x, y) = (try GuardedBytes(values), try GuardedBytes(count: expected.count))
    var pool = q8_pool()
    (pool.geometry, pool.kind, pool.isa, pool.x_signed, pool.x_zero) = (w, kind, isa, signed ? 1 : 0, Int32(xZero))
    (pool.multiplier, pool.y_zero) = (1.25, Int32(yZero))
    (pool.low, pool.high) = (Int32(range(signed).lowerBound), Int32(range(signed).upperBound))
    (pool.x, pool.y) = (UnsafeRawPointer(x.base), y.base)
    q8_pool_plan(&pool)
    for task in 0..<pool.tasks { q8_pool_task(&pool, task, 0) }
    if kind == F32_POOL_MAX {
      #expect(y.values(signed: signed) == expected)
    } else {
      // Means of halves and thirds lie on or beside the edge between two steps more often than sums of many do.
      let found = y.values(signed: signed)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1 })
      #expect(zip(found, expected).filter { $0 != $1 }.count <= expected.count / 50 + 1)
    }
  }
}
