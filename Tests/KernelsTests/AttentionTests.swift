import Glibc
import Kernels
import Testing

/// Attention at every instruction set, against sums and exponentials in double: heads that lie within rows of one tensor, with
/// gaps, with or without a mask, and results that go into the heads' places of another. What goes in are bf16 numbers, so that in
/// bf16 only the shares are rounded, to 8 bits.
@Suite struct AttentionTests {
  struct Size: Sendable, CustomStringConvertible {
    let heads: Int, rows: Int, keys: Int, depth: Int, columns: Int
    var description: String { "\(heads) × \(rows) × \(keys) × \(depth) × \(columns)" }
  }

  @Test(
    arguments: instructionSets,
    [
      Size(heads: 1, rows: 1, keys: 1, depth: 1, columns: 1),
      Size(heads: 3, rows: 49, keys: 50, depth: 33, columns: 31),
      Size(heads: 2, rows: 13, keys: 7, depth: 5, columns: 70),
      Size(heads: 1, rows: 70, keys: 300, depth: 8, columns: 9),
      Size(heads: 2, rows: 5, keys: 2100, depth: 3, columns: 2),
    ])
  func attention(_ isa: kernels_level, _ size: Size) throws {
    var noise = Noise(size.rows)
    let (batch, heads, rows, keys) = (2, size.heads, size.rows, size.keys)
    let (depth, columns) = (size.depth, size.columns)
    // Rows of q and k are longer than their heads.
    let (qRow, kRow, vRow, yRow) = (heads * depth + 3, heads * depth + 1, heads * columns + 2, heads * columns)
    func numbers(_ count: Int) -> [Float] {
      noise.floats(count).map { Float(bitPattern: $0.bitPattern & 0xffff_0000) }
    }
    let q = try GuardedFloats(numbers(batch * rows * qRow).map { $0 * 4 })
    let k = try GuardedFloats(numbers(batch * keys * kRow))
    let v = try GuardedFloats(numbers(batch * keys * vRow))
    // One mask for a head of all pictures.
    let mask = try GuardedFloats(noise.floats(heads * rows * keys).map { $0 < -0.9 ? -.infinity : $0 })
    for (isMasked, isTurned, threads, isNarrow) in [
      (false, false, 1, false), (true, false, 8, false), (true, true, 1, false), (true, false, 8, true),
      (false, true, 1, true),
    ] {
      let y = try GuardedFloats([Float](repeating: .nan, count: batch * rows * yRow))
      var attention = f32_attention()
      attention.items = (1, 1, batch, heads)
      attention.q_steps = (0, 0, rows * qRow, depth)
      attention.k_steps = (0, 0, keys * kRow, isTurned ? depth * keys : depth)
      attention.v_steps = (0, 0, keys * vRow, columns)
      attention.mask_steps = (0, 0, 0, rows * keys)
      attention.y_steps = (0, 0, rows * yRow, columns)
      (attention.rows, attention.keys, attention.depth, attention.columns) = (rows, keys, depth, columns)
      (attention.q_row, attention.v_key, attention.v_column, attention.y_row) = (qRow, vRow, 1, yRow)
      (attention.k_key, attention.k_depth) = isTurned ? (1, keys) : (kRow, 1)
      (attention.mask_row, attention.scale) = (keys, 0.5)
      (isNarrow ? bf16_attention_plan : f32_attention_plan)(&attention, isa, Int32(threads))
      let scratch = try GuardedFloats([Float](repeating: .nan, count: attention.scratch_bytes / 4), aligned: true)
      (attention.q, attention.k, attention.v) = (UnsafePointer(q.base), UnsafePointer(k.base), UnsafePointer(v.base))
      (attention.y, attention.scratch) = (y.base, UnsafeMutableRawPointer(scratch.base))
      attention.mask = isMasked ? UnsafePointer(mask.base) : nil
      for task in (0..<attention.tasks).reversed() {
        (isNarrow ? bf16_attention_task : f32_attention_task)(&attention, task, 0)
      }
      var expected = [Double](repeating: 0, count: batch * rows * yRow)
      for image in 0..<batch {
        for head in 0..<heads {
          let (from, masks) = (image * keys * kRow + head * attention.k_steps.3, head * rows * keys)
          for row in 0..<rows {
            var scores = (0..<keys).map { key in
              var sum = 0.0
              for d in 0..<depth {
                sum +=
                  Double(q.base[(image * rows + row) * qRow + head * depth + d])
                  * Double(k.base[from + key * attention.k_key + d * attention.k_depth])
              }
              return sum * 0.5 + (isMasked ? Double(mask.base[masks + row * keys + key]) : 0)
            }
            let most = scores.reduce(-.infinity, max)
            scores = scores.map { exp($0 - most) }
            let whole = scores.reduce(0, +)
            for column in 0..<columns {
              var sum = 0.0
              for key in 0..<keys {
                sum += scores[key] / whole * Double(v.base[(image * keys + key) * vRow + head * columns + column])
              }
              expected[(image * rows + row) * yRow + head * columns + column] = sum
            }
          }
        }
      }
      // A row whose keys are all masked has no scores.
      if expected.contains(where: { $0.isNaN }) {
        #expect(zip(y.array, expected).allSatisfy { $0.isNaN == $1.isNaN }, "\(size)")
      } else {
        expectEqual(
          y.array, expected, within: isNarrow ? 4e-3 : 1e-5,
          "\(size), masked \(isMasked), turned \(isTurned), in bf16 \(isNarrow)")
      }
    }
  }
}
