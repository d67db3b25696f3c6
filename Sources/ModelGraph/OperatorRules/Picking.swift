extension Tensor {
  /// Stands in a table of ``picking(_:fill:tables:)`` for an element that comes from nowhere.
  static let nowhere = -1

  /// A tensor of elements picked from this one: `result[i, j, …] = self[tables(0)[i] + tables(1)[j] + …]`.
  ///
  /// Transpose, Slice, Gather and Pad are all this, with different tables: an entry is an element offset (an index times
  /// that axis' stride), or ``nowhere``. The sums of entries must lie within the elements; the operators' shape rules
  /// see to that.
  ///
  /// - Parameters:
  ///   - shape: the result's.
  ///   - fill: one element of this type, for what comes from nowhere; nil is zero.
  ///   - tables: for each axis of `shape`, an entry for each index. Not asked for when the result is empty.
  func picking(_ shape: Shape, fill: Tensor? = nil, tables: (Int) -> [Int]) throws(GraphError) -> Tensor {
    var result = try Tensor(zeros: shape, type: type)
    guard result.count > 0 else { return result }
    let tables = shape.extents.indices.map(tables)
    switch type.byteCount {
    case 1: pick(UInt8.self, tables, fill, into: &result)
    case 4: pick(UInt32.self, tables, fill, into: &result)
    default: pick(UInt64.self, tables, fill, into: &result)
    }
    return result
  }

  /// `Word`: any type as wide as an element; the bits are only copied.
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
        // Counts through all axes but the last, as an odometer does.
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
