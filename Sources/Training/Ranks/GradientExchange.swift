import ModelGraph
import Platform

/// The gradients of all ranks, added up while the backward pass goes on.
///
/// They leave the arena for a block of their own: there the places of completed gradients are used again at once.
final class GradientExchange {
  let ranks: any Ranks
  private let buckets: GradientBuckets
  private let block: TrainingNetwork.Block
  private let parameters: [Parameter]
  private let places: [ObjectIdentifier: Int]
  private var next = 0
  private var bucket = 0

  /// - Parameter parameters: all that learn, in the order in which their gradients are completed.
  init(_ ranks: any Ranks, _ parameters: [Parameter]) throws(GraphError) {
    self.ranks = ranks
    self.parameters = parameters
    buckets = GradientBuckets(counts: parameters.map { $0.count })
    block = try TrainingNetwork.Block(buckets.count)
    places = Dictionary(
      parameters.enumerated().map { (ObjectIdentifier($1), $0) }, uniquingKeysWith: { first, _ in first })
  }

  func begin() { (next, bucket) = (0, 0) }

  /// Takes a completed gradient; if it fills a bucket, that one's sum begins.
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

  /// Waits for all sums, then hands them out.
  func finish() { ranks.finishSums() }

  func forEach(_ body: (Parameter, UnsafeMutablePointer<Float>) -> Void) {
    for (parameter, offset) in zip(parameters, buckets.offsets) { body(parameter, block.base + offset) }
  }
}
