import ModelGraph
import Platform

/// Memory that a training step needs during a live range. Time counts the steps of the plan: forward 0 ..< n, the loss n,
/// backward n + 1 ... 2n.
final class Region {
  let count: Int
  private(set) var birth = Int.max
  private(set) var death = Int.min
  /// A second live range, for an activation that the backward pass recomputes.
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
  var byteCount: Int { count * MemoryLayout<Float>.stride }
  let count: Int

  /// Greedy by size: the largest first, each at the lowest place that is free during its life (Pisarchyk and Lee,
  /// "Efficient Memory Management for Deep Neural Net Inference", 2020).
  init(_ regions: [Region]) throws(TrainingError) {
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
      throw .noActivationMemory(mebibytes: end >> 18)
    }
    base = memory.bindMemory(to: Float.self, capacity: max(end, 16))
    // Untouched pages cost nothing, and everything is written before it is read.
  }

  deinit { platform_free_region(base, max(count, 16) * MemoryLayout<Float>.stride) }

  subscript(region: Region) -> UnsafeMutablePointer<Float> { base + region.offset }

  /// Whole cache lines, and one more so that regions of powers of two do not all start in the same cache set.
  private static func room(_ region: Region) -> Int { (region.count + 15) / 16 * 16 + 16 }
}
