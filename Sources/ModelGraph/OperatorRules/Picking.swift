extension Tensor {
  /// Marks an element in a table of ``picking(_:fill:tables:)`` that is not picked but filled in.
  static let nowhere = -1

  /// A tensor of elements picked from this one: `result[i, j, …] = self[tables(0)[i] + tables(1)[j] + …]`.
  ///
  /// Transpose, Slice, Gather and Pad differ only in their tables. An entry is an offset in elements (an index times
  /// the stride of its axis), or ``nowhere``. Sums of entries must lie within the tensor; the operators' shape rules
  /// ensure it.
  ///
  /// - Parameters:
  ///   - shape: of the result.
  ///   - fill: one element of this type, for entries that are ``nowhere``; nil: zero.
  ///   - tables: for each axis of `shape`, an entry for each index. It is not called if the result is empty.
  func picking(_ shape: Shape, fill: Tensor? = nil, tables: (Int) -> [Int]) throws(GraphError) -> Tensor {
    var result = try Tensor(zeros: shape, type: type)
    guard result.count > 0 else { return result }
    let tables = shape.extents.indices.map(tables)
    switch type.byteCount {
    case 1: pick(UInt8.self, tables, fill, into: &result)
    case 2: pick(UInt16.self, tables, fill, into: &result)
    case 4: pick(UInt32.self, tables, fill, into: &result)
    default: pick(UInt64.self, tables, fill, into: &result)
    }
    return result
  }

  /// `Word` is any type of the width of an element: the bits are only copied.
  private func pick<Word: FixedWidthInteger & BitwiseCopyable>(
    _: Word.Type, _ tables: [[Int]], _ fill: Tensor?, into result: inout Tensor
  ) {
    let filler = fill?.withBytes { $0.load(as: Word.self) } ?? 0
    let columns = tables.last ?? [0]
    let outer = Array(tables.dropLast())
    withBytes { source in
      result.withMutableBytes { target in
        let from = source.assumingMemoryBound(to: Word.self)
        let to = target.assumingMemoryBound(to: Word.self)
        // Counts through the indices of all axes but the last, the innermost fastest.
        var index = [Int](repeating: 0, count: outer.count)
        for row in 0..<to.count / columns.count {
          let start = Tensor.sum(outer, at: index)
          for (column, entry) in columns.enumerated() {
            let known = start != Tensor.nowhere && entry != Tensor.nowhere
            to[row * columns.count + column] = known ? from[start + entry] : filler
          }
          for axis in index.indices.reversed() {
            index[axis] += 1
            if index[axis] < outer[axis].count { break }
            index[axis] = 0
          }
        }
      }
    }
  }

  private static func sum(_ tables: [[Int]], at index: [Int]) -> Int {
    var sum = 0
    for axis in index.indices {
      let entry = tables[axis][index[axis]]
      if entry == nowhere { return nowhere }
      sum += entry
    }
    return sum
  }
}
