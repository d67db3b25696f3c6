import Foundation

/// The learning-rate range test (Smith, "Cyclical Learning Rates", 2015) as fastai runs it: the rate grows from step to
/// step, and the loss tells which rates learn and which destroy.
public struct RateSearch: Sendable {
  public struct Point: Sendable, Equatable {
    public var rate: Double
    /// The step's own, and smoothed over the steps so far.
    public var loss: Double
    public var smooth: Double
  }

  public let first: Double
  public let last: Double
  public let steps: Int
  public private(set) var points: [Point] = []
  private var average = 0.0
  private var best = Double.infinity

  /// How much of the average each step keeps; corrected for its start at zero.
  private static let memory = 0.98
  /// How many times the best loss ends the search.
  private static let limit = 4.0

  public init(from first: Double = 1e-7, to last: Double = 10, steps: Int = 100) {
    self.first = first
    self.last = last
    self.steps = steps
  }

  /// The rate of step `index`: exponentially from the first to the last.
  public func rate(_ index: Int) -> Double { first * pow(last / first, Double(index) / Double(max(steps, 1))) }

  /// Notes the loss of the step at ``rate(_:)`` of `points.count`. False when the search is over: after the last step, or
  /// when the smoothed loss is four times the best, or no number.
  public mutating func note(loss: Double) -> Bool {
    guard loss.isFinite else { return false }
    let index = points.count
    average = RateSearch.memory * average + (1 - RateSearch.memory) * loss
    let smooth = average / (1 - pow(RateSearch.memory, Double(index + 1)))
    points.append(Point(rate: rate(index), loss: loss, smooth: smooth))
    if smooth < best { best = smooth }
    if index > 0, smooth > RateSearch.limit * best { return false }
    return points.count < steps
  }

  /// What fastai's `lr_find` suggests; nil with too few points to tell.
  public struct Suggestions: Sendable, Equatable {
    /// A little more than half way along the longest descent: what `--lr auto` takes.
    public var valley: Double
    /// Where the loss falls fastest.
    public var steepest: Double
    /// A tenth of the rate with the lowest loss.
    public var minimum: Double
  }

  public var suggestions: Suggestions? {
    // fastai leaves out the first tenth, where the average has not settled, and the last five, where it explodes.
    let kept = Array(points.dropFirst(steps / 10).dropLast(5))
    guard kept.count >= 5 else { return nil }
    let losses = kept.map { $0.smooth }
    guard let lowest = losses.indices.min(by: { losses[$0] < losses[$1] }) else { return nil }
    let slopes = losses.indices.map { index in
      let (before, after) = (max(index - 1, 0), min(index + 1, losses.count - 1))
      return (losses[after] - losses[before]) / Double(after - before)
    }
    let steepest = slopes.indices.min { slopes[$0] < slopes[$1] } ?? 0
    return Suggestions(
      valley: kept[RateSearch.valley(losses)].rate, steepest: kept[steepest].rate, minimum: kept[lowest].rate / 10)
  }

  /// The longest series of falling losses (not necessarily neighbours), and two thirds along it but for a sixth.
  private static func valley(_ losses: [Double]) -> Int {
    var length = [Int](repeating: 1, count: losses.count)
    var end = 0
    for index in losses.indices {
      for earlier in 0..<index where losses[index] < losses[earlier] {
        length[index] = max(length[index], length[earlier] + 1)
      }
      if length[index] > length[end] { end = index }
    }
    let start = max(end - length[end], 0)
    let section = Double(end - start) / 3
    return min(start + Int(section) + Int(section / 2), losses.count - 1)
  }
}
