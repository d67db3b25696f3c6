import Inference

/// Memory that a training step needs during a live range. Time counts the steps of the plan: forward 0 ..< n, the loss n,
/// backward n + 1 ... 2n.
final class Region {
  /// Floats.
  let count: Int
  private var life: ClosedRange<Int>?
  /// A second live range, for an activation that the backward pass recomputes.
  private var again: ClosedRange<Int>?
  /// Where it begins in the arena, in floats; set once the arena is laid out.
  fileprivate(set) var offset = 0

  init(_ count: Int) { self.count = count }

  func needed(at moment: Int) { life = Region.extended(life, to: moment) }
  func needed(againAt moment: Int) { again = Region.extended(again, to: moment) }

  private static func extended(_ range: ClosedRange<Int>?, to moment: Int) -> ClosedRange<Int> {
    guard let range else { return moment...moment }
    return min(range.lowerBound, moment)...max(range.upperBound, moment)
  }

  /// nil if no step needs it.
  fileprivate var buffer: Arena.Buffer? {
    guard let life, count > 0 else { return nil }
    return Arena.Buffer(
      byteCount: count * MemoryLayout<Float>.stride, firstStep: life.lowerBound, lastStep: life.upperBound,
      again: again)
  }
}

extension Arena {
  /// Places the regions and sets their offsets. Returns the bytes of the whole block.
  static func place(_ regions: [Region]) -> Int {
    let used = regions.compactMap { region in region.buffer.map { (region, $0) } }
    var buffers = used.map { $0.1 }
    // A cache line between neighbours: sizes are often powers of two.
    let arena = Arena(placing: &buffers, spacing: 64)
    for (region, buffer) in zip(used.map { $0.0 }, buffers) {
      region.offset = buffer.offset / MemoryLayout<Float>.stride
    }
    return arena.byteCount
  }
}
