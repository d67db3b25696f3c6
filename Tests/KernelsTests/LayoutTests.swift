import Kernels
import Testing

/// Kernels that only move data.
@Suite struct LayoutTests {
  @Test(arguments: instructionSets, [(3, 1), (3, 5000), (1, 9), (5, 5), (16, 17), (17, 49), (64, 600), (127, 8)])
  func transpose(_ isa: kernels_level, _ size: (rows: Int, columns: Int)) throws {
    var noise = Noise(size.rows)
    let x = try GuardedFloats(noise.floats(2 * size.rows * size.columns))
    let y = try GuardedFloats([Float](repeating: .nan, count: x.count))
    var transpose = f32_transpose()
    (transpose.batch, transpose.rows, transpose.columns, transpose.isa) = (2, size.rows, size.columns, isa)
    (transpose.x, transpose.y) = (UnsafePointer(x.base), y.base)
    f32_transpose_plan(&transpose)
    for task in 0..<transpose.tasks { f32_transpose_task(&transpose, task, 0) }
    #expect(y.array == transposed(x.array, size))
  }

  @Test(arguments: [(1, 1), (3, 5), (17, 64), (127, 3)]) func transposeBytes(_ size: (rows: Int, columns: Int)) throws {
    var noise = Noise(size.rows)
    let x = try GuardedBytes((0..<2 * size.rows * size.columns).map { _ in noise.int(0...255) })
    let y = try GuardedBytes(count: x.count)
    var transpose = bytes_transpose(
      batch: 2, rows: size.rows, columns: size.columns, x: UnsafeRawPointer(x.base), y: y.base)
    for image in 0..<2 { bytes_transpose_task(&transpose, image, 0) }
    #expect(y.values(signed: false) == transposed(x.values(signed: false), size))
  }

  private func transposed<Number>(_ x: [Number], _ size: (rows: Int, columns: Int)) -> [Number] {
    let area = size.rows * size.columns
    return x.indices.map { index in
      let (image, place) = (index / area, index % area)
      return x[image * area + place % size.rows * size.columns + place / size.rows]
    }
  }

  /// Rows that are part of longer ones; one task and several.
  @Test(arguments: [(1, 1), (3, 17), (500, 300), (2, 70_000), (5, 0)])
  func copyRows(_ size: (rows: Int, bytes: Int)) throws {
    var noise = Noise(size.rows)
    let (xStep, yStep) = (size.bytes + 3, size.bytes + 5)
    let x = try GuardedBytes((0..<(size.rows - 1) * xStep + size.bytes).map { _ in noise.int(0...255) })
    let y = try GuardedBytes(count: (size.rows - 1) * yStep + size.bytes)
    var copy = rows_copy()
    (copy.rows, copy.bytes, copy.x_step, copy.y_step) = (size.rows, size.bytes, xStep, yStep)
    (copy.x, copy.y) = (UnsafeRawPointer(x.base), y.base)
    rows_copy_plan(&copy)
    for task in 0..<copy.tasks { rows_copy_task(&copy, task, 0) }
    let from = x.values(signed: false)
    let expected = (0..<y.count).map { $0 % yStep < size.bytes ? from[$0 / yStep * xStep + $0 % yStep] : 0xa5 }
    #expect(y.values(signed: false) == expected)
  }
}
