import ModelGraph
import Platform

/// A stretch of the arena that somebody needs from one moment of a training step to another. Moments are plan steps:
/// forward 0 ..< n, the loss n, backward n+1 ... 2n.
final class Region {
  let count: Int
  private(set) var birth = Int.max
  private(set) var death = Int.min
  /// When it is needed again, what it held being made again first; never, mostly.
  private var rebirth = Int.max
  private var redeath = Int.min
  /// In floats, once the arena is laid out.
  fileprivate(set) var offset = 0

  init(_ count: Int) { self.count = count }

  func needed(at moment: Int) {
    birth = min(birth, moment)
    death = max(death, moment)
  }

  func needed(againAt moment: Int) {
    rebirth = min(rebirth, moment)
    redeath = max(redeath, moment)
  }

  fileprivate func overlaps(_ other: Region) -> Bool {
    func meets(_ birth: Int, _ death: Int) -> Bool {
      birth <= other.death && other.birth <= death || birth <= other.redeath && other.rebirth <= death
    }
    return meets(birth, death) || meets(rebirth, redeath)
  }
}

/// One block of memory for everything that lives only within a step, laid out so that regions whose times do not meet
/// share their place.
final class Arena {
  let base: UnsafeMutablePointer<Float>
  let count: Int

  /// Greedy by size: the largest first, each at the lowest place that is free during its life (Pisarchyk and Lee,
  /// "Efficient Memory Management for Deep Neural Net Inference", 2020).
  init(_ regions: [Region]) throws(GraphError) {
    let used = regions.filter { $0.birth <= $0.death && $0.count > 0 }
    var placed: [Region] = []
    var end = 0
    for (_, region) in used.enumerated().sorted(by: { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }) {
      var offset = 0
      for other in placed where other.overlaps(region) {
        if offset + Arena.room(region) <= other.offset { break }
        offset = max(offset, other.offset + Arena.room(other))
      }
      region.offset = offset
      end = max(end, offset + Arena.room(region))
      let index = placed.firstIndex { $0.offset > offset } ?? placed.count
      placed.insert(region, at: index)
    }
    count = end
    guard let memory = platform_allocate_region(max(end, 16) * MemoryLayout<Float>.stride) else {
      throw GraphError(.tooLarge, "no memory for \(end >> 18) MiB of activations; take a smaller batch or pictures")
    }
    base = memory.bindMemory(to: Float.self, capacity: max(end, 16))
    // Untouched pages cost nothing, and everything is written before it is read.
  }

  deinit { platform_free_region(base, max(count, 16) * MemoryLayout<Float>.stride) }

  subscript(region: Region) -> UnsafeMutablePointer<Float> { base + region.offset }

  /// Whole cache lines, and one more so that regions of powers of two do not all start in the same cache set.
  private static func room(_ region: Region) -> Int { (region.count + 15) / 16 * 16 + 16 }
}
