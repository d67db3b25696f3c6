/// What a threshold is chosen for on validation pictures: the value of `--threshold-for`.
public enum ThresholdChoice: Sendable, Equatable {
  /// The highest F1, the harmonic mean of sensitivity and positive predictive value.
  case f1
  /// The highest sensitivity with at least this specificity.
  case specificity(Double)
  /// The highest specificity with at least this sensitivity.
  case sensitivity(Double)

  /// Reads `f1`, `specificity=0.999` or `sensitivity=0.95`; nil for anything else.
  public init?(_ text: String) {
    if text == "f1" {
      self = .f1
      return
    }
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let share = Double(parts[1]), share > 0, share <= 1 else { return nil }
    switch parts[0] {
    case "specificity": self = .specificity(share)
    case "sensitivity": self = .sensitivity(share)
    default: return nil
    }
  }

  /// The threshold, halfway between two neighbouring probabilities, so that small differences of arithmetic do not
  /// matter; between 0 and 1, without them. Of equally good ones the highest. nil without positive or without negative
  /// pictures.
  ///
  /// - Parameters:
  ///   - scores: the probability of the positive class, per picture.
  ///   - isPositive: whether it is the picture's class.
  public func threshold(scores: [Double], isPositive: [Bool]) -> Double? {
    let curves = ThresholdCurves(scores: scores, isPositive: isPositive)
    guard curves.positives > 0, curves.negatives > 0 else { return nil }
    let (positives, negatives) = (Double(curves.positives), Double(curves.negatives))
    // The points follow the falling threshold: both counts grow.
    var best = 0
    func f1(_ point: ThresholdCurves.Point) -> Double {
      2 * Double(point.truePositives) / (Double(point.truePositives + point.falsePositives) + positives)
    }
    for (index, point) in curves.points.enumerated() {
      let specificity = 1 - Double(point.falsePositives) / negatives
      let isBetter =
        switch self {
        case .f1: f1(point) > f1(curves.points[best])
        case .specificity(let least):
          specificity >= least && point.truePositives > curves.points[best].truePositives
        case .sensitivity(let least):
          Double(curves.points[best].truePositives) < least * positives
            && point.truePositives > curves.points[best].truePositives
        }
      if isBetter { best = index }
    }
    let above = min(curves.points[best].threshold, 1)
    let below = best + 1 < curves.points.count ? curves.points[best + 1].threshold : 0
    return min(max((above + below) / 2, 1e-9), 1 - 1e-9)
  }

  public var text: String {
    switch self {
    case .f1: "f1"
    case .specificity(let share): "specificity=\(share)"
    case .sensitivity(let share): "sensitivity=\(share)"
    }
  }
}
