import Text

/// Where buffers lie in one block of memory: buffers that are never alive at the same time share bytes.
///
/// Best fit over live intervals, the largest buffer first (Pisarchyk & Lee, "Efficient Memory Management for Deep
/// Neural Net Inference", 2020, "greedy by size"). Its time grows with the square of the number of buffers, so more
/// than 4096 buffers are placed in the order in which they are written, each in the smallest free gap.
public struct Arena {
  public struct Buffer {
    public var byteCount: Int
    /// The first and the last step that touch it.
    public var firstStep: Int
    public var lastStep: Int
    /// A later span of steps in which it is alive again, its contents computed anew. In between, others may use its
    /// bytes.
    public var again: ClosedRange<Int>?
    public fileprivate(set) var offset = 0

    public init(byteCount: Int, firstStep: Int, lastStep: Int, again: ClosedRange<Int>? = nil) {
      self.byteCount = byteCount
      self.firstStep = firstStep
      self.lastStep = lastStep
      self.again = again
    }
  }

  /// Bytes of the whole block.
  public private(set) var byteCount = 0
  private let spacing: Int

  private static let mostBySize = 4096

  /// Sets the offset of every buffer, a multiple of 64.
  ///
  /// - Parameter spacing: bytes left free behind every buffer, a multiple of 64. With one cache line, buffers whose
  ///   sizes are powers of two do not all start in the same set of the cache.
  public init(placing buffers: inout [Buffer], spacing: Int = 0) {
    self.spacing = spacing
    if buffers.count > Arena.mostBySize { placeInOrder(&buffers) } else { placeBySize(&buffers) }
  }

  private func room(_ buffer: Buffer) -> Int {
    buffer.byteCount == 0 ? 0 : MemoryBlock.rounded(buffer.byteCount) + spacing
  }

  private mutating func placeInOrder(_ buffers: inout [Buffer]) {
    var gaps = Gaps()
    let order = Arena.sorted(buffers.map { $0.firstStep })
    // A buffer keeps its bytes between two spans of life here.
    func end(_ index: Int) -> Int { max(buffers[index].lastStep, buffers[index].again?.upperBound ?? Int.min) }
    let ends = Arena.sorted(buffers.indices.map { end($0) })
    var ended = 0
    for index in order {
      while ended < ends.count, end(ends[ended]) < buffers[index].firstStep {
        let buffer = buffers[ends[ended]]
        gaps.give(buffer.offset, room(buffer))
        ended += 1
      }
      let size = room(buffers[index])
      if let offset = gaps.take(size) {
        buffers[index].offset = offset
      } else {
        buffers[index].offset = byteCount
        byteCount += size
      }
    }
  }

  private mutating func placeBySize(_ buffers: inout [Buffer]) {
    var placed: [Int] = []  // by offset
    let order = Arena.sorted(buffers.map { -$0.byteCount })
    for index in order {
      let size = room(buffers[index])
      var best: (offset: Int, room: Int)?
      var end = 0
      for other in placed where overlap(buffers[index], buffers[other]) {
        let gap = buffers[other].offset - end
        if gap >= size, gap < best?.room ?? Int.max { best = (end, gap) }
        end = max(end, buffers[other].offset + room(buffers[other]))
      }
      buffers[index].offset = best?.offset ?? end
      byteCount = max(byteCount, buffers[index].offset + size)
      let place = placed.firstIndex { buffers[$0].offset > buffers[index].offset } ?? placed.count
      placed.insert(index, at: place)
    }
  }

  /// The indices of `keys` in ascending order; equal keys keep their order.
  private static func sorted(_ keys: [Int]) -> [Int] {
    Array(keys.indices).inOrder { keys[$0] != keys[$1] ? keys[$0] < keys[$1] : $0 < $1 }
  }

  /// Whether some span of `a`'s life meets some span of `b`'s.
  private func overlap(_ a: Buffer, _ b: Buffer) -> Bool {
    func meets(_ first: Int, _ last: Int) -> Bool {
      if first <= b.lastStep && b.firstStep <= last { return true }
      guard let again = b.again else { return false }
      return first <= again.upperBound && again.lowerBound <= last
    }
    return meets(a.firstStep, a.lastStep) || a.again.map { meets($0.lowerBound, $0.upperBound) } ?? false
  }
}

/// Free gaps of the arena, by size. Neighbouring gaps are not merged: buffers of such large graphs have few sizes.
private struct Gaps {
  /// Offsets of the gaps of each size, the sizes in ascending order.
  private var sizes: [Int] = []
  private var offsets: [[Int]] = []

  mutating func give(_ offset: Int, _ size: Int) {
    if size == 0 { return }
    let place = place(of: size)
    if place < sizes.count, sizes[place] == size {
      offsets[place].append(offset)
    } else {
      sizes.insert(size, at: place)
      offsets.insert([offset], at: place)
    }
  }

  /// Takes the smallest gap of at least `size` bytes; what remains of it stays a gap.
  mutating func take(_ size: Int) -> Int? {
    let place = place(of: size)
    guard place < sizes.count, let offset = offsets[place].popLast() else { return nil }
    let rest = sizes[place] - size
    if offsets[place].isEmpty {
      sizes.remove(at: place)
      offsets.remove(at: place)
    }
    give(offset + size, rest)
    return offset
  }

  /// The index of the first gap size that is at least `size`.
  private func place(of size: Int) -> Int {
    var (low, high) = (0, sizes.count)
    while low < high {
      let middle = (low + high) / 2
      if sizes[middle] < size { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
