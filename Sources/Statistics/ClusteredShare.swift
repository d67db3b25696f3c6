/// A proportion of cells that are clustered by slide. Cells of one slide are alike, so a thousand cells from ten slides
/// carry less information than a thousand from a thousand slides.
///
/// The design effect is the factor by which the proportion's variance exceeds that of as many independent cells.
/// Dividing by it gives the effective number of independent cells, for which the interval is Wilson's. J. N. K. Rao and
/// A. J. Scott, "A Simple Method for the Analysis of Clustered Binary Data", Biometrics 48 (1992), 577–585: with xᵢ of
/// nᵢ on slide i of m, p = Σx / Σn and rᵢ = xᵢ − nᵢp, v = m / (m − 1) · Σrᵢ² / (Σn)², and the effect is v · Σn / (p(1 −
/// p)).
public struct ClusteredShare: Sendable, Equatable {
  /// Hits and sample size.
  public let hits: Int
  public let count: Int
  /// Number of slides with at least one counted cell.
  public let clusters: Int
  /// The design effect, at least 1; nil if it cannot be estimated: fewer than two slides, or a proportion of 0 or 1.
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

  /// The proportion; nil if the sample is empty.
  public var share: Double? { count == 0 ? nil : Double(hits) / Double(count) }

  /// The interval with cells taken as independent.
  public var byCell: WilsonInterval { WilsonInterval(share: share ?? .nan, count: Double(count)) }

  /// The interval with slides as the unit. If the design effect cannot be estimated, each slide counts as one cell,
  /// which gives the widest interval.
  public var bySlide: WilsonInterval {
    WilsonInterval(
      share: share ?? .nan, count: designEffect.map { max(Double(count) / $0, 1) } ?? Double(clusters))
  }
}
