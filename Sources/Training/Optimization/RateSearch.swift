import Foundation

/// The learning-rate range test (Smith, "Cyclical Learning Rates", 2015) as in fastai: the rate grows from step to step, and
/// the loss shows at which rates training converges and from which on it diverges.
public struct RateSearch: Sendable {
  public struct Point: Sendable, Equatable {
    public var rate: Double
    /// The loss of this step, and below, smoothed over the steps so far.
    public var loss: Double
    public var smooth: Double
  }

  public let first: Double
  public let last: Double
  public let steps: Int
  public private(set) var points: [Point] = []
  private var average = 0.0
  private var best = Double.infinity

  /// Decay of the moving average, which is corrected for its start at 0.
  private static let memory = 0.98
  /// The search ends when the loss exceeds the best loss by this factor.
  private static let limit = 4.0

  public init(from first: Double = 1e-7, to last: Double = 10, steps: Int = 100) {
    self.first = first
    self.last = last
    self.steps = steps
  }

  /// The rate of step `index`, growing exponentially from the first to the last.
  public func rate(_ index: Int) -> Double { first * pow(last / first, Double(index) / Double(max(steps, 1))) }

  /// Records the loss of the step with rate ``rate(_:)`` of `points.count`. Returns false when the search is over: after the
  /// last step, or when the smoothed loss is NaN or four times the best.
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

  /// The rates that fastai's `lr_find` suggests; nil if there are too few points.
  public struct Suggestions: Sendable, Equatable {
    /// A little more than half way along the longest descent; `--lr auto` takes it.
    public var valley: Double
    /// Where the loss falls fastest.
    public var steepest: Double
    /// A tenth of the rate with the lowest loss.
    public var minimum: Double
  }

  public var suggestions: Suggestions? {
    // Like fastai, without the first tenth, before the average settles, and the last five points, where the loss explodes.
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

  /// The longest decreasing subsequence of losses; returns the index half way along it.
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
