import Kernels
import Testing

/// Products of two activations at every instruction set, against sums in double.
@Suite struct MatMulTests {
  @Test(arguments: instructionSets, [(1, 1, 1), (5, 3, 17), (13, 64, 33), (50, 20, 7)])
  func product(_ isa: kernels_level, _ size: (rows: Int, depth: Int, columns: Int)) throws {
    var noise = Noise(size.rows)
    let items = [2, 3]
    for (isTurned, threads) in [(false, 1), (true, 1), (false, 8)] {
      let a = try GuardedFloats(noise.floats(6 * size.rows * size.depth))
      // One b for the three items of each of the two.
      let b = try GuardedFloats(noise.floats(2 * size.depth * size.columns))
      let y = try GuardedFloats([Float](repeating: .nan, count: 6 * size.rows * size.columns))
      var product = f32_matmul()
      product.items = (1, 1, items[0], items[1])
      product.a_steps = (0, 0, 3 * size.rows * size.depth, size.rows * size.depth)
      product.b_steps = (0, 0, size.depth * size.columns, 0)
      (product.rows, product.depth, product.columns, product.a_row) = (size.rows, size.depth, size.columns, size.depth)
      (product.b_depth, product.b_column) = isTurned ? (1, size.depth) : (size.columns, 1)
      product.scale = 0.5
      f32_matmul_plan(&product, isa, Int32(threads))
      let scratch = try GuardedFloats([Float](repeating: .nan, count: product.scratch_bytes / 4), aligned: true)
      (product.a, product.b, product.y) = (UnsafePointer(a.base), UnsafePointer(b.base), y.base)
      product.scratch = UnsafeMutableRawPointer(scratch.base)
      for task in (0..<product.tasks).reversed() { f32_matmul_task(&product, task, 0) }
      var expected: [Double] = []
      for item in 0..<6 {
        for row in 0..<size.rows {
          for column in 0..<size.columns {
            var sum = 0.0
            for k in 0..<size.depth {
              let place = item / 3 * size.depth * size.columns + k * product.b_depth + column * product.b_column
              sum += Double(a.base[(item * size.rows + row) * size.depth + k]) * Double(b.base[place]) / 2
            }
            expected.append(sum)
          }
        }
      }
      expectEqual(y.array, expected, within: 1e-5, "\(size)")
    }
  }
}
