/// Where the values of a run lie in one block of memory: values that are never alive together share bytes.
///
/// Best fit over live intervals, the largest buffer first (Pisarchyk & Lee, "Efficient Memory Management for Deep Neural
/// Net Inference", 2020, "greedy by size").
struct Arena {
  struct Buffer {
    var byteCount: Int
    /// The step that writes it, and the last that reads it.
    var firstStep: Int
    var lastStep: Int
    var offset = 0
  }

  private(set) var byteCount = 0

  /// Sets the offset of every buffer.
  init(placing buffers: inout [Buffer]) {
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
