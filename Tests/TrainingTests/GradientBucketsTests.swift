import Testing
import Training

@Suite struct GradientBucketsTests {
  @Test func everyGradientOnceInOrder() {
    let counts = [10, 700, 3, 5000, 64, 64, 1, 900]
    for full in [1, 64, 700, 1000, 100_000] {
      let plan = GradientBuckets(counts: counts, full: full)
      #expect(plan.buckets.flatMap { Array($0) } == Array(counts.indices), "\(full)")
      var end = 0
      for bucket in plan.buckets.indices {
        let range = plan.range(bucket)
        #expect(range.lowerBound == end)
        end = range.upperBound
        for index in plan.buckets[bucket] {
          #expect(plan.offsets[index] % 16 == 0)
          #expect(plan.offsets[index] >= range.lowerBound && plan.offsets[index] + counts[index] <= range.upperBound)
        }
      }
      #expect(end == plan.count)
    }
  }

  @Test func aBucketEndsWhenItIsFull() {
    #expect(GradientBuckets(counts: [10, 20, 30, 40], full: 30).buckets == [0..<2, 2..<3, 3..<4])
    #expect(GradientBuckets(counts: [10, 20, 30, 5], full: 30).buckets == [0..<2, 2..<3, 3..<4])
    #expect(GradientBuckets(counts: [10, 20, 30], full: 1000).buckets == [0..<3])
    #expect(GradientBuckets(counts: [500], full: 30).buckets == [0..<1])
    let nothing = GradientBuckets(counts: [])
    #expect(nothing.buckets.isEmpty && nothing.count == 0)
  }
}
