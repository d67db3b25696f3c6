/// The share of infected cells, estimated from cells that an imperfect test has judged, with its 95 % interval.
///
/// W. J. Rogan and B. Gladen, "Estimating Prevalence from the Results of a Screening Test", Am. J. Epidemiol. 107 (1978),
/// 71–76: with an observed share p, π = (p + specificity − 1) / (sensitivity + specificity − 1).
///
/// The interval combines two parts. Sampling: Wilson's interval of p, for the number of cells divided by the design effect
/// (``ClusteredShare``: cells of one field are alike), corrected as p is. The rates: the variance of π by the delta method,
/// ((1 − π)² var(specificity) + π² var(sensitivity)) / (sensitivity + specificity − 1)². The distances of the ends from π
/// are the roots of the sums of both parts' squares (G. Y. Zou and A. Donner, "Construction of Confidence Limits About
/// Effect Measures", Statistics in Medicine 27 (2008), 1693–1702). Share and interval are clipped to 0...1.
public struct Prevalence: Sendable, Equatable {
  /// Cells judged infected, by field.
  public let observed: ClusteredShare
  /// nil: the share is not corrected.
  public let rates: TestRates?
  /// 0...1; nil if there are no cells.
  public let share: Double?
  public let low: Double
  public let high: Double

  public init(_ observed: ClusteredShare, rates: TestRates?) {
    self.observed = observed
    self.rates = rates
    guard let p = observed.share else {
      (share, low, high) = (nil, 0, 1)
      return
    }
    let sample = WilsonInterval(share: p, count: Double(observed.count) / (observed.designEffect ?? 1))
    guard let rates else {
      (share, low, high) = (p, sample.low, sample.high)
      return
    }
    let center = Prevalence.clipped((p + rates.specificity - 1) / rates.power)
    let spread = WilsonInterval.z * Prevalence.variance(center, rates).squareRoot()
    func distance(_ end: Double) -> Double {
      let sampling = (end - p) / rates.power
      return (sampling * sampling + spread * spread).squareRoot()
    }
    share = center
    low = Prevalence.clipped(center - distance(sample.low))
    high = Prevalence.clipped(center + distance(sample.high))
  }

  private static func clipped(_ share: Double) -> Double { min(max(share, 0), 1) }

  /// Variance of the corrected share that comes from the rates' own uncertainty.
  private static func variance(_ share: Double, _ rates: TestRates) -> Double {
    let healthy = 1 - share
    return (healthy * healthy * rates.specificityVariance + share * share * rates.sensitivityVariance)
      / (rates.power * rates.power)
  }

  /// Whether more cells were judged infected than false positives alone would explain: 0 is outside the interval.
  public var isAboveNone: Bool { share != nil && low > 0 }

  /// The number of cells in all with which half the interval's width would be `fraction` of the share, if share and design
  /// effect stayed as they are. nil if no number is enough: nothing was found, or the rates are too uncertain.
  public func cellsNeeded(within fraction: Double) -> Int? {
    guard let share, share > 0, let p = observed.share else { return nil }
    let half = fraction * share
    let square = WilsonInterval.z * WilsonInterval.z
    let room = half * half - square * (rates.map { Prevalence.variance(share, $0) } ?? 0)
    guard room > 0 else { return nil }
    let power = rates?.power ?? 1
    let count = square * (observed.designEffect ?? 1) * p * (1 - p) / (power * power * room)
    return count < 1e12 ? Int(count.rounded(.up)) : nil
  }
}
