/// Confidence interval of a proportion: Wilson's score interval. E. B. Wilson, "Probable Inference, the Law of
/// Succession, and Statistical Inference", J. Am. Stat. Assoc. 22 (1927), 209–212; recommended by Brown, Cai and
/// DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16 (2001).
public struct WilsonInterval: Sendable, Equatable {
  public let low: Double
  public let high: Double

  /// The normal distribution's 0.975 quantile: 95 %.
  public static let z = 1.959963984540054

  /// - Parameters:
  ///   - share: the observed proportion, 0...1.
  ///   - count: the sample size; may be fractional (an effective size). 0 gives the interval 0 to 1.
  public init(share: Double, count: Double, z: Double = WilsonInterval.z) {
    guard count > 0, share.isFinite else {
      (low, high) = (0, 1)
      return
    }
    let square = z * z
    let middle = (share + square / (2 * count)) / (1 + square / count)
    let half =
      z / (1 + square / count) * (share * (1 - share) / count + square / (4 * count * count)).squareRoot()
    // At 0 and 1 the ends are exact, whatever rounding gives.
    low = share <= 0 ? 0 : max(0, middle - half)
    high = share >= 1 ? 1 : min(1, middle + half)
  }
}
