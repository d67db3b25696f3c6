/// Layout of all gradients in one block, in the order in which the backward pass completes them, and its division into
/// buckets. A bucket is summed over the ranks as soon as its last gradient is complete.
///
/// A bucket is large enough that the cost of a message matters little, and small enough that the first sums begin early: Li
/// et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training" (2020).
package struct GradientBuckets {
  /// Floats of a full bucket: 4 MiB.
  package static let fullBucket = 1 << 20

  /// Where each gradient begins.
  package let offsets: [Int]
  /// Floats of the block.
  package let count: Int
  /// Gradients of each bucket, in order and without gaps.
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
