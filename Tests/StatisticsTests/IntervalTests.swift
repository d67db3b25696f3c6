import Statistics
import Testing

@Suite struct IntervalTests {
  private func close(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-9) -> Bool { abs((a ?? .nan) - b) < tolerance }

  /// Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I,
  /// method 3: 81/263, 15/148, 0/20, 1/29.
  @Test(arguments: [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)])
  func wilson(_ hits: Int, _ count: Int, _ low: Double, _ high: Double) {
    let interval = WilsonInterval(share: Double(hits) / Double(count), count: Double(count))
    #expect(close(interval.low, low, 5e-5) && close(interval.high, high, 5e-5))
  }

  @Test func wilsonAtTheEnds() {
    #expect(WilsonInterval(share: 1, count: 10).high == 1)
    #expect(WilsonInterval(share: 0, count: 10).low == 0)
    #expect(WilsonInterval(share: .nan, count: 0) == WilsonInterval(share: 0.5, count: 0))
    #expect(WilsonInterval(share: 0.5, count: 0).high == 1)
  }

  /// By hand: 3 of 4, 1 of 4 and 4 of 4: p = 2/3; r = 1/3, −5/3, 4/3; Σr² = 42/9; v·n/(p(1−p)) = 3/2 · (42/9)/12 /
  /// (2/9) = 2.625. So the effective number of cells is 12 / 2.625.
  @Test func slidesThatAreAlikeWidenTheInterval() {
    let share = ClusteredShare([(3, 4), (1, 4), (4, 4), (0, 0)])
    #expect(share.clusters == 3 && share.hits == 8 && share.count == 12)
    #expect(close(share.designEffect, 2.625))
    let expected = WilsonInterval(share: 8 / 12.0, count: 12 / 2.625)
    #expect(close(share.bySlide.low, expected.low) && close(share.bySlide.high, expected.high))
    #expect(share.bySlide.low < share.byCell.low && share.bySlide.high > share.byCell.high)
  }

  @Test func whereNoEffectCanBeTold() {
    let perfect = ClusteredShare([(5, 5), (7, 7), (9, 9)])
    #expect(perfect.designEffect == nil)
    #expect(perfect.bySlide == WilsonInterval(share: 1, count: 3))
    #expect(ClusteredShare([(3, 9)]).bySlide == WilsonInterval(share: 3 / 9.0, count: 1))
    #expect(ClusteredShare([]).share == nil)
    // Slides that vary less than by chance do not increase the effective number of cells.
    #expect(ClusteredShare([(1, 2), (1, 2), (1, 2)]).designEffect == 1)
  }
}
