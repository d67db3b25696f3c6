/// Where each gradient lies in one block, in the order in which the backward pass completes them, and how the block is cut
/// into buckets: each is summed over the ranks as soon as its last gradient is there.
///
/// Large enough that what a message costs is paid seldom, small enough that the first is under way early: Li et al.,
/// "PyTorch Distributed: Experiences on Accelerating Data Parallel Training" (2020).
package struct GradientBuckets {
  /// Floats of a bucket that is full: 4 MiB.
  package static let fullBucket = 1 << 20

  /// For each gradient, where it begins.
  package let offsets: [Int]
  /// Floats of the block.
  package let count: Int
  /// Ranges of gradients, in order and without gaps.
  package let buckets: [Range<Int>]

  /// - Parameter counts: floats of each gradient, in the order of their completion.
  package init(counts: [Int], full: Int = GradientBuckets.fullBucket) {
    var offsets: [Int] = []
    var buckets: [Range<Int>] = []
    var (end, first, filled) = (0, 0, 0)
    for (index, count) in counts.enumerated() {
      offsets.append(end)
      // Whole cache lines.
      end += (count + 15) / 16 * 16
      filled += count
      if filled >= full || index == counts.count - 1 {
        buckets.append(first..<index + 1)
        (first, filled) = (index + 1, 0)
      }
    }
    self.offsets = offsets
    self.buckets = buckets
    count = end
  }

  /// The floats of a bucket in the block.
  package func range(_ bucket: Int) -> Range<Int> {
    let gradients = buckets[bucket]
    let end = gradients.upperBound < offsets.count ? offsets[gradients.upperBound] : count
    return offsets[gradients.lowerBound]..<end
  }
}
