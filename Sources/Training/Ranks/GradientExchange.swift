import ModelGraph
import Platform

/// Sums the gradients of all ranks while the backward pass continues.
///
/// Completed gradients are copied to a block of their own, because the arena reuses their memory at once.
final class GradientExchange {
  let ranks: any Ranks
  private let buckets: GradientBuckets
  private let block: FloatBlock
  private let parameters: [Parameter]
  private let places: [ObjectIdentifier: Int]
  private var next = 0
  private var bucket = 0

  /// - Parameter parameters: all that learn, in the order in which the backward pass completes their gradients.
  init(_ ranks: any Ranks, _ parameters: [Parameter]) throws(TrainingError) {
    self.ranks = ranks
    self.parameters = parameters
    buckets = GradientBuckets(counts: parameters.map { $0.count })
    block = try FloatBlock(buckets.count)
    places = Dictionary(
      parameters.enumerated().map { (ObjectIdentifier($1), $0) }, uniquingKeysWith: { first, _ in first })
  }

  func begin() { (next, bucket) = (0, 0) }

  /// Copies a completed gradient. If it completes a bucket, begins the sum of that bucket.
  func add(_ gradient: UnsafePointer<Float>, of parameter: Parameter, team: ThreadTeam) {
    guard next < parameters.count, parameters[next] === parameter else {
      preconditionFailure("\(parameter.name) out of turn")
    }
    let target = block.base + buckets.offsets[next]
    team.runRanges(parameter.count) { first, count in (target + first).update(from: gradient + first, count: count) }
    next += 1
    if next == buckets.buckets[bucket].upperBound {
      let range = buckets.range(bucket)
      ranks.beginSum(UnsafeMutableBufferPointer(start: block.base + range.lowerBound, count: range.count))
      bucket += 1
    }
  }

  /// Waits until all sums are complete.
  func finish() { ranks.finishSums() }

  func forEach(_ body: (Parameter, UnsafeMutablePointer<Float>) -> Void) {
    for (parameter, offset) in zip(parameters, buckets.offsets) { body(parameter, block.base + offset) }
  }
}
