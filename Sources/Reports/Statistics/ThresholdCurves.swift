/// True and false positives as the threshold falls from above the highest score to the lowest: one point per distinct
/// score, so that ties move together.
public struct ThresholdCurves: Sendable {
  public struct Point: Sendable, Equatable {
    /// Pictures with a score of at least this count as positive.
    public var threshold: Double
    public var truePositives: Int
    public var falsePositives: Int
  }

  /// From (∞, 0, 0) to the lowest score.
  public let points: [Point]
  public let positives: Int
  public let negatives: Int

  public init(scores: [Double], isPositive: [Bool]) {
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var points = [Point(threshold: .infinity, truePositives: 0, falsePositives: 0)]
    var (hits, alarms) = (0, 0)
    for (place, index) in order.enumerated() {
      if isPositive[index] { hits += 1 } else { alarms += 1 }
      let isLastOfTie = place + 1 == order.count || scores[order[place + 1]] != scores[index]
      if isLastOfTie {
        points.append(Point(threshold: scores[index], truePositives: hits, falsePositives: alarms))
      }
    }
    self.points = points
    (positives, negatives) = (hits, alarms)
  }

  /// The area under the ROC curve by the trapezoidal rule: the probability that a positive scores higher than a
  /// negative, with ties counting half (J. A. Hanley and B. J. McNeil, Radiology 143 (1982), 29–36). nil if one class
  /// is missing.
  public var rocArea: Double? {
    guard positives > 0, negatives > 0 else { return nil }
    var sum = 0.0
    for (a, b) in zip(points, points.dropFirst()) {
      sum += Double(b.falsePositives - a.falsePositives) * Double(a.truePositives + b.truePositives) / 2
    }
    return sum / Double(positives) / Double(negatives)
  }

  /// Average precision, Σ (Rₙ − Rₙ₋₁) · Pₙ: the area under the precision–recall curve without the optimism of linear
  /// interpolation (as scikit-learn's `average_precision_score`). nil if there are no positives.
  public var averagePrecision: Double? {
    guard positives > 0 else { return nil }
    var sum = 0.0
    for (a, b) in zip(points, points.dropFirst()) {
      let precision = Double(b.truePositives) / Double(b.truePositives + b.falsePositives)
      sum += Double(b.truePositives - a.truePositives) / Double(positives) * precision
    }
    return sum
  }
}
