import Glibc
import Kernels
import Testing

@Suite struct ElementwiseTests {
  @Test(arguments: instructionSets, [1, 7, 64, 16_384 + 5]) func unary(_ isa: kernels_level, _ count: Int) throws {
    var noise = Noise(count)
    let x = try GuardedFloats(noise.floats(count).map { $0 * 5 })
    let functions: [(f32_function, Float, Float, (Double) -> Double)] = [
      (F32_CLAMP, 0, 3, { min(max($0, 0), 3) }),
      (F32_LEAKY, 0.1, 0, { $0 < 0 ? Double(Float(0.1)) * $0 : $0 }),
      (F32_ELU, 0.7, 0, { $0 < 0 ? Double(Float(0.7)) * (exp($0) - 1) : $0 }),
      (F32_SIGMOID, 0, 0, { 1 / (1 + exp(-$0)) }),
      (F32_HARD_SIGMOID, 0.2, 0.5, { min(max(0.2 * $0 + 0.5, 0), 1) }),
      (F32_HARD_SWISH, 0, 0, { $0 * min(max($0 / 6 + 0.5, 0), 1) }),
      (F32_SWISH, 1.5, 0, { $0 / (1 + exp(-1.5 * $0)) }),
      (F32_GELU, 0, 0, { $0 * 0.5 * erfc(-$0 * 0.5.squareRoot()) }),
      (F32_GELU_TANH, 0, 0, { $0 * 0.5 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }),
      (F32_MISH, 0, 0, { $0 * tanh(log1p(exp($0))) }),
      (F32_TANH, 0, 0, { tanh($0) }),
      (F32_ERF, 0, 0, { erf($0) }),
      (F32_ABS, 0, 0, { abs($0) }),
      (F32_NEG, 0, 0, { -$0 }),
    ]
    for (function, a, b, definition) in functions {
      let y = try GuardedFloats([Float](repeating: .nan, count: count))
      var unary = f32_unary()
      (unary.function, unary.a, unary.b, unary.isa, unary.count) = (function, a, b, isa, count)
      (unary.x, unary.y) = (UnsafePointer(x.base), y.base)
      f32_unary_plan(&unary)
      for task in 0..<unary.tasks { f32_unary_task(&unary, task, 0) }
      expectEqual(y.array, x.array.map { definition(Double($0)) }, within: 2e-6, "function \(function.rawValue)")
    }
  }

  /// Relative errors over the whole range of each function, and what is neither finite nor a number.
  @Test(arguments: instructionSets) func transcendentals(_ isa: kernels_level) throws {
    let functions: [(f32_function, ClosedRange<Double>, Double, (Double) -> Double)] = [
      (F32_EXP, -104...89, 1.5, { exp($0) }), (F32_SIGMOID, -87...40, 3, { 1 / (1 + exp(-$0)) }),
      (F32_TANH, -20...20, 2, { tanh($0) }), (F32_ERF, -6...6, 3, { erf($0) }),
      (F32_SWISH, -60...87, 5, { $0 / (1 + exp(-$0)) }),
      (F32_GELU, -5...20, 40, { $0 * 0.5 * erfc(-$0 * 0.5.squareRoot()) }),
      (F32_SQRT, 0...1000, 0.5, { $0.squareRoot() }),
      (F32_RECIPROCAL, 0.001...1000, 0.5, { 1 / $0 }),
    ]
    for (function, range, mostUnits, definition) in functions {
      var x = (0..<20_000).map { Float(range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / 19_999) }
      x += (0..<1000).map { Float(pow(10, -Double($0) / 30)) }
      let y = apply(function, isa, x)
      for (value, found) in zip(x, y) {
        let wanted = definition(Double(value))
        let unit = Double(max(Float(abs(wanted)).ulp, .leastNonzeroMagnitude))
        if Double(found) == Double(Float(wanted)) { continue }
        if !(abs(Double(found) - wanted) <= mostUnits * unit) {
          Issue.record("function \(function.rawValue) of \(value) is \(found), should be \(wanted)")
          break
        }
      }
    }
    let ends: [Float] = [.nan, .infinity, -.infinity]
    for function in [F32_EXP, F32_SIGMOID, F32_TANH, F32_ERF, F32_GELU, F32_MISH, F32_SWISH] {
      #expect(apply(function, isa, ends)[0].isNaN, "\(function.rawValue)")
    }
    #expect(Array(apply(F32_EXP, isa, ends)[1...]) == [.infinity, 0])
    #expect(Array(apply(F32_SIGMOID, isa, ends)[1...]) == [1, 0])
    #expect(Array(apply(F32_TANH, isa, ends)[1...]) == [1, -1])
    #expect(Array(apply(F32_ERF, isa, ends)[1...]) == [1, -1])
    #expect(Array(apply(F32_GELU, isa, ends)[1...]) == [.infinity, 0])
  }

  /// Rows of floats, with and without something between them, are as one row.
  @Test(arguments: instructionSets, [(1, 8), (8, 8), (15, 16), (16, 16), (24, 24), (32, 96), (33, 40)])
  func rows(_ isa: kernels_level, _ row: (count: Int, stride: Int)) throws {
    var noise = Noise(row.count)
    let x = noise.floats(5 * row.stride)
    for function in [F32_CLAMP, F32_HARD_SWISH, F32_SWISH, F32_GELU, F32_ELU] {
      let whole = apply(function, isa, x)
      let y = try GuardedFloats(x)
      f32_apply(isa, function, 1, 0, UnsafePointer(y.base), y.base, 5, row.count, row.stride)
      let wanted = x.indices.map { $0 % row.stride < row.count ? whole[$0] : x[$0] }
      expectEqual(y.array, wanted.map { Double($0) }, within: 1e-6, "function \(function.rawValue)")
    }
  }

  private func apply(_ function: f32_function, _ isa: kernels_level, _ x: [Float]) -> [Float] {
    var y = [Float](repeating: .nan, count: x.count)
    x.withUnsafeBufferPointer { x in
      y.withUnsafeMutableBufferPointer { y in
        var unary = f32_unary()
        (unary.function, unary.a, unary.isa, unary.count) = (function, 1, isa, x.count)
        (unary.x, unary.y) = (x.baseAddress, y.baseAddress)
        f32_unary_plan(&unary)
        for task in 0..<unary.tasks { f32_unary_task(&unary, task, 0) }
      }
    }
    return y
  }

  /// Every way in which each of two operands may repeat along four axes.
  @Test(arguments: instructionSets) func binary(_ isa: kernels_level) throws {
    var noise = Noise(4)
    for extents in [[2, 3, 4, 5], [1, 1, 1, 40_000], [3, 1, 5, 17], [1, 200, 1, 100]] {
      for mask in 0..<64 {
        let repeats = (0..<4).map { (mask >> $0 & 1 == 1, $0 < 2 && mask >> ($0 + 4) & 1 == 1) }
        func steps(_ repeated: [Bool]) -> [Int] {
          var steps = [Int](repeating: 0, count: 4)
          var step = 1
          for axis in (0..<4).reversed() where !repeated[axis] {
            steps[axis] = step
            step *= extents[axis]
          }
          return steps
        }
        let (aSteps, bSteps) = (steps(repeats.map { $0.0 }), steps(repeats.map { $0.1 }))
        func needed(_ steps: [Int]) -> Int { zip(extents, steps).reduce(1) { $0 + ($1.0 - 1) * $1.1 } }
        let a = try GuardedFloats(noise.floats(needed(aSteps)).map { $0 + 2 })
        let b = try GuardedFloats(noise.floats(needed(bSteps)).map { $0 + 2 })
        let operation = [F32_ADD, F32_SUB, F32_MUL, F32_DIV][mask % 4]
        var binary = f32_binary()
        (binary.operation, binary.isa) = (operation, isa)
        binary.extents = (extents[0], extents[1], extents[2], extents[3])
        binary.a_steps = (aSteps[0], aSteps[1], aSteps[2], aSteps[3])
        binary.b_steps = (bSteps[0], bSteps[1], bSteps[2], bSteps[3])
        let count = extents.reduce(1, *)
        var expected: [Double] = []
        for index in 0..<count {
          var (rest, aIndex, bIndex) = (index, 0, 0)
          for axis in (0..<4).reversed() {
            aIndex += rest % extents[axis] * aSteps[axis]
            bIndex += rest % extents[axis] * bSteps[axis]
            rest /= extents[axis]
          }
          let (x, y) = (Double(a.base[aIndex]), Double(b.base[bIndex]))
          expected.append([x + y, x - y, x * y, x / y][mask % 4])
        }
        let y = try GuardedFloats([Float](repeating: .nan, count: count))
        (binary.a, binary.b, binary.y) = (UnsafePointer(a.base), UnsafePointer(b.base), y.base)
        f32_binary_plan(&binary)
        for task in 0..<binary.tasks { f32_binary_task(&binary, task, 0) }
        expectEqual(y.array, expected, within: 2e-6, "\(extents) \(aSteps) \(bSteps)")
      }
    }
  }

  @Test(arguments: instructionSets, [(1, 5), (300, 127), (7, 40_000)])
  func affine(_ isa: kernels_level, _ size: (rows: Int, channels: Int)) throws {
    var noise = Noise(size.rows)
    let x = try GuardedFloats(noise.floats(size.rows * size.channels))
    let scale = try GuardedFloats(noise.floats(size.channels))
    let shift = try GuardedFloats(noise.floats(size.channels))
    let y = try GuardedFloats([Float](repeating: .nan, count: x.count))
    var affine = f32_affine()
    (affine.isa, affine.rows, affine.channels, affine.low, affine.high) = (isa, size.rows, size.channels, -0.5, 1)
    (affine.x, affine.scale, affine.shift, affine.y) = (
      UnsafePointer(x.base), UnsafePointer(scale.base), UnsafePointer(shift.base), y.base
    )
    f32_affine_plan(&affine)
    // A slice of a wider tensor.
    affine.x_stride += 4
    let given = try GuardedFloats(spread(x.array, channels: size.channels, stride: affine.x_stride))
    affine.x = UnsafePointer(given.base)
    for task in 0..<affine.tasks { f32_affine_task(&affine, task, 0) }
    let expected = (0..<x.count).map { index in
      let channel = index % size.channels
      return min(max(Double(x.base[index]) * Double(scale.base[channel]) + Double(shift.base[channel]), -0.5), 1)
    }
    expectEqual(y.array, expected, within: 1e-6, "affine")
  }

  @Test(arguments: instructionSets, [(0, 17), (1, 17), (0, 1), (0, 300), (1, 1000)])
  func softmax(_ isa: kernels_level, _ kind: (logarithm: Int, columns: Int)) throws {
    var noise = Noise(1)
    let (rows, logarithm, columns) = (3, kind.logarithm, kind.columns)
    let x = try GuardedFloats(noise.floats(rows * columns).map { $0 * 100 })
    let y = try GuardedFloats([Float](repeating: .nan, count: x.count))
    var softmax = f32_softmax(
      isa: isa, rows: rows, columns: columns, logarithm: Int32(logarithm), x: UnsafePointer(x.base), y: y.base)
    for row in 0..<rows { f32_softmax_task(&softmax, row, 0) }
    var expected: [Double] = []
    for row in 0..<rows {
      let values = (0..<columns).map { Double(x.base[row * columns + $0]) }
      let largest = values.max() ?? 0
      let sum = values.reduce(0) { $0 + exp($1 - largest) }
      expected += values.map { logarithm == 1 ? $0 - largest - log(sum) : exp($0 - largest) / sum }
    }
    expectEqual(y.array, expected, within: 1e-4, "softmax")
  }
}
