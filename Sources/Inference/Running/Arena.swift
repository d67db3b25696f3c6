/// Where the values of a run lie in one block of memory: values that are never alive together share bytes.
///
/// Best fit over live intervals, the largest buffer first (Pisarchyk & Lee, "Efficient Memory Management for Deep Neural
/// Net Inference", 2020, "greedy by size"). That takes time with the square of the buffers; very many are placed in the
/// order in which they are made, each where the smallest gap that fits is free.
struct Arena {
  struct Buffer {
    var byteCount: Int
    /// The step that writes it, and the last that reads it.
    var firstStep: Int
    var lastStep: Int
    var offset = 0
  }

  private(set) var byteCount = 0

  /// No network has so many steps. Greedy by size takes a tenth of a second for them.
  private static let mostBySize = 4096

  /// Sets the offset of every buffer.
  init(placing buffers: inout [Buffer]) {
    if buffers.count > Arena.mostBySize { placeInOrder(&buffers) } else { placeBySize(&buffers) }
  }

  private mutating func placeInOrder(_ buffers: inout [Buffer]) {
    var gaps = Gaps()
    let order = buffers.indices.sorted { a, b in
      buffers[a].firstStep != buffers[b].firstStep ? buffers[a].firstStep < buffers[b].firstStep : a < b
    }
    let ends = buffers.indices.sorted { buffers[$0].lastStep < buffers[$1].lastStep }
    var ended = 0
    for index in order {
      while ended < ends.count, buffers[ends[ended]].lastStep < buffers[index].firstStep {
        let buffer = buffers[ends[ended]]
        gaps.give(buffer.offset, Region.rounded(buffer.byteCount))
        ended += 1
      }
      let size = Region.rounded(buffers[index].byteCount)
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
    let order = buffers.indices.sorted { a, b in
      buffers[a].byteCount != buffers[b].byteCount ? buffers[a].byteCount > buffers[b].byteCount : a < b
    }
    for index in order {
      let size = Region.rounded(buffers[index].byteCount)
      var best: (offset: Int, room: Int)?
      var end = 0
      for other in placed where overlap(buffers[index], buffers[other]) {
        let room = buffers[other].offset - end
        if room >= size, room < best?.room ?? Int.max { best = (end, room) }
        end = max(end, buffers[other].offset + Region.rounded(buffers[other].byteCount))
      }
      buffers[index].offset = best?.offset ?? end
      byteCount = max(byteCount, buffers[index].offset + size)
      let place = placed.firstIndex { buffers[$0].offset > buffers[index].offset } ?? placed.count
      placed.insert(index, at: place)
    }
  }

  private func overlap(_ a: Buffer, _ b: Buffer) -> Bool { a.firstStep <= b.lastStep && b.firstStep <= a.lastStep }
}

/// Free stretches of the arena, by size. Two that touch stay two: most buffers of such graphs are of few sizes.
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

  /// The smallest gap of at least `size` bytes, what is over given back.
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

  /// Where `size` is, or would go.
  private func place(of size: Int) -> Int {
    var (low, high) = (0, sizes.count)
    while low < high {
      let middle = (low + high) / 2
      if sizes[middle] < size { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
