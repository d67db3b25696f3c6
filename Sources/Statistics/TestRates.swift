/// How often a test is right, as observed on `count` positive and `count` negative samples.
public struct TestRates: Sendable, Equatable {
  public let sensitivity: Double
  public let specificity: Double
  /// Variances of the two as estimates. From (hits + ½) / (count + 1), so that a rate of 1 has a variance above 0.
  let sensitivityVariance: Double
  let specificityVariance: Double

  /// nil if a count is 0 or less than its hits, or if the test is no better than guessing: sensitivity + specificity at
  /// most 1. No share can be corrected by such rates.
  public init?(sensitivity: (hits: Int, count: Int), specificity: (hits: Int, count: Int)) {
    guard TestRates.isRate(sensitivity), TestRates.isRate(specificity) else { return nil }
    self.sensitivity = Double(sensitivity.hits) / Double(sensitivity.count)
    self.specificity = Double(specificity.hits) / Double(specificity.count)
    sensitivityVariance = TestRates.variance(sensitivity)
    specificityVariance = TestRates.variance(specificity)
    // With less, the smallest error of a rate moves the result over the whole range.
    guard power > 0.01 else { return nil }
  }

  /// Youden's index: sensitivity + specificity − 1, the factor by which true shares are compressed.
  var power: Double { sensitivity + specificity - 1 }

  private static func isRate(_ rate: (hits: Int, count: Int)) -> Bool {
    rate.count > 0 && rate.hits >= 0 && rate.hits <= rate.count
  }

  private static func variance(_ rate: (hits: Int, count: Int)) -> Double {
    let count = Double(rate.count) + 1
    let share = (Double(rate.hits) + 0.5) / count
    return share * (1 - share) / count
  }
}
