/// The interval of a share: Wilson's score interval. E. B. Wilson, "Probable Inference, the Law of Succession, and
/// Statistical Inference", J. Am. Stat. Assoc. 22 (1927), 209–212; recommended by Brown, Cai and DasGupta, "Interval
/// Estimation for a Binomial Proportion", Statistical Science 16 (2001).
public struct WilsonInterval: Sendable, Equatable {
  public let low: Double
  public let high: Double

  /// The normal distribution's 0.975 quantile: 95 %.
  public static let z = 1.959963984540054

  /// - Parameters:
  ///   - share: what was observed, 0...1.
  ///   - count: of how many; need not be whole (an effective number). 0: nothing is known, 0 to 1.
  public init(share: Double, count: Double, z: Double = WilsonInterval.z) {
    guard count > 0, share.isFinite else {
      (low, high) = (0, 1)
      return
    }
    let square = z * z
    let middle = (share + square / (2 * count)) / (1 + square / count)
    let half =
      z / (1 + square / count) * (share * (1 - share) / count + square / (4 * count * count)).squareRoot()
    // At 0 and 1 the ends are exact; rounding must not say otherwise.
    low = share <= 0 ? 0 : max(0, middle - half)
    high = share >= 1 ? 1 : min(1, middle + half)
  }
}

/// A share of cells that come from slides. Cells of one slide are alike, so a thousand cells of ten slides say less than
/// a thousand slides would.
///
/// The design effect, by how much the share's variance exceeds that of as many unrelated cells, gives the number of
/// unrelated cells that would say as much; the interval is Wilson's for that number. J. N. K. Rao and A. J. Scott,
/// "A Simple Method for the Analysis of Clustered Binary Data", Biometrics 48 (1992), 577–585: with xᵢ of nᵢ on slide i
/// of m, p = Σx / Σn and rᵢ = xᵢ − nᵢp, v = m / (m − 1) · Σrᵢ² / (Σn)², and the effect is v · Σn / (p(1 − p)).
public struct ClusteredShare: Sendable, Equatable {
  /// How many of how many.
  public let hits: Int
  public let count: Int
  /// Slides with at least one of the counted.
  public let clusters: Int
  /// At least 1; nil where it cannot be told: fewer than two slides, or a share of 0 or 1.
  public let designEffect: Double?

  /// - Parameter groups: hits and count of each slide.
  public init(_ groups: [(hits: Int, count: Int)]) {
    let groups = groups.filter { $0.count > 0 }
    hits = groups.reduce(0) { $0 + $1.hits }
    count = groups.reduce(0) { $0 + $1.count }
    clusters = groups.count
    guard count > 0, hits > 0, hits < count, clusters > 1 else {
      designEffect = nil
      return
    }
    let (m, n) = (Double(clusters), Double(count))
    let p = Double(hits) / n
    let squares = groups.reduce(0) { sum, group in
      let r = Double(group.hits) - Double(group.count) * p
      return sum + r * r
    }
    designEffect = max(1, m / (m - 1) * squares / n / (p * (1 - p)))
  }

  /// nil where there is nothing to judge by.
  public var share: Double? { count == 0 ? nil : Double(hits) / Double(count) }

  /// Cells as if unrelated.
  public var byCell: WilsonInterval { WilsonInterval(share: share ?? .nan, count: Double(count)) }

  /// Slides as the unit. Where the design effect cannot be told, each slide counts as one cell: the widest there is.
  public var bySlide: WilsonInterval {
    WilsonInterval(
      share: share ?? .nan, count: designEffect.map { max(Double(count) / $0, 1) } ?? Double(clusters))
  }
}
