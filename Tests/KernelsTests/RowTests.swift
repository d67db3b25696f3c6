import Kernels
import Testing

/// Kernels that work on rows: normalisation and reductions, at every instruction set.
@Suite struct RowTests {
  @Test(arguments: instructionSets, [1, 3, 16, 17, 127, 1000]) func rowNorm(_ isa: kernels_level, _ columns: Int) throws
  {
    var noise = Noise(columns)
    let x = try GuardedFloats(noise.floats(3 * columns).map { $0 + 5 })
    let (scale, shift) = (try GuardedFloats(noise.floats(columns)), try GuardedFloats(noise.floats(columns)))
    for subtractsMean in [true, false] {
      let y = try GuardedFloats([Float](repeating: .nan, count: 3 * columns))
      var norm = f32_row_norm()
      (norm.isa, norm.rows, norm.columns, norm.epsilon) = (isa, 3, columns, 1e-3)
      norm.subtracts_mean = subtractsMean ? 1 : 0
      (norm.x, norm.scale, norm.y) = (UnsafePointer(x.base), UnsafePointer(scale.base), y.base)
      if subtractsMean { norm.shift = UnsafePointer(shift.base) }
      f32_row_norm_plan(&norm)
      for task in 0..<norm.tasks { f32_row_norm_task(&norm, task, 0) }
      var expected: [Double] = []
      for row in 0..<3 {
        let values = (0..<columns).map { Double(x.base[row * columns + $0]) }
        let mean = subtractsMean ? values.reduce(0, +) / Double(columns) : 0
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
        for (index, value) in values.enumerated() {
          let normal = (value - mean) / (variance + Double(Float(1e-3))).squareRoot()
          expected.append(normal * Double(scale.base[index]) + (subtractsMean ? Double(shift.base[index]) : 0))
        }
      }
      expectEqual(y.array, expected, within: 2e-5, "row norm")
    }
  }

  @Test(arguments: instructionSets, [(3, 1, 1), (2, 5, 17), (1, 300, 33), (700, 40, 1), (3, 1000, 1), (2, 7, 40_000)])
  func reductions(_ isa: kernels_level, _ size: (outer: Int, count: Int, inner: Int)) throws {
    var noise = Noise(size.count)
    let x = try GuardedFloats(noise.floats(size.outer * size.count * size.inner))
    let kinds: [(f32_reduction, ([Double]) -> Double)] = [
      (F32_REDUCE_SUM, { $0.reduce(0, +) }), (F32_REDUCE_MEAN, { $0.reduce(0, +) / Double($0.count) }),
      (F32_REDUCE_SQUARES, { $0.reduce(0) { $0 + $1 * $1 } }),
      (F32_REDUCE_L2, { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }), (F32_REDUCE_MAX, { $0.max() ?? 0 }),
      (F32_REDUCE_MIN, { $0.min() ?? 0 }),
    ]
    var expected = [[Double]](repeating: [], count: kinds.count)
    for outer in 0..<size.outer {
      for inner in 0..<size.inner {
        let values = (0..<size.count).map { Double(x.base[(outer * size.count + $0) * size.inner + inner]) }
        for (index, kind) in kinds.enumerated() { expected[index].append(kind.1(values)) }
      }
    }
    for (index, kind) in kinds.enumerated() {
      let y = try GuardedFloats([Float](repeating: .nan, count: size.outer * size.inner))
      var reduce = f32_reduce()
      (reduce.reduction, reduce.isa, reduce.x, reduce.y) = (kind.0, isa, UnsafePointer(x.base), y.base)
      (reduce.outer, reduce.count, reduce.inner) = (size.outer, size.count, size.inner)
      f32_reduce_plan(&reduce)
      for task in 0..<reduce.tasks { f32_reduce_task(&reduce, task, 0) }
      expectEqual(y.array, expected[index], within: 2e-5 * Double(max(1, size.count / 100)), "reduction \(index)")
    }
  }
}
