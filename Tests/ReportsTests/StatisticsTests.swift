import Reports
import Testing

@Suite struct StatisticsTests {
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

  /// By hand, ordered pairs: positives 0.9, 0.8, 0.4 against negatives 0.8, 0.3: 2 + (½ + 1) + (0 + 1) of 6.
  @Test func rocWithTies() {
    let curves = ThresholdCurves(scores: [0.4, 0.8, 0.9, 0.3, 0.8], isPositive: [true, true, true, false, false])
    #expect(close(curves.rocArea, 4.5 / 6))
    #expect(curves.points.map { $0.truePositives } == [0, 1, 2, 3, 3])
    #expect(curves.points.map { $0.falsePositives } == [0, 0, 1, 1, 2])
  }

  /// scikit-learn's own example: average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) = 0.8333, whose
  /// roc_auc_score is 0.75.
  @Test func averagePrecision() {
    let curves = ThresholdCurves(scores: [0.1, 0.4, 0.35, 0.8], isPositive: [false, false, true, true])
    #expect(close(curves.averagePrecision, 0.5 * 1 + 0.5 * 2 / 3))
    #expect(close(curves.rocArea, 0.75))
    #expect(ThresholdCurves(scores: [0.5], isPositive: [true]).rocArea == nil)
    #expect(ThresholdCurves(scores: [0.5], isPositive: [false]).averagePrecision == nil)
  }

  /// By hand: in the lower bin 0.2 and 0.4, of which one occurred (0.5 against 0.3); in the upper bin 0.9 and 1.0,
  /// which both did (1 against 0.95): (2 · 0.2 + 2 · 0.05) / 4.
  @Test func calibrationError() {
    let calibration = Calibration(
      probabilities: [0.2, 0.4, 0.9, 1.0], happened: [false, true, true, true], bins: 2)
    #expect(close(calibration.expectedError, 0.125))
    #expect(calibration.bins.map { $0.count } == [2, 2])
    #expect(Calibration(probabilities: [], happened: []).expectedError == 0)
  }

  @Test func ratesOfTwoSlides() {
    let rates = BinaryRates(
      isPositive: [true, true, false, false, true, false], isCalled: [true, false, false, true, true, false],
      groups: [0, 0, 0, 1, 1, 1])
    #expect([rates.truePositives, rates.falseNegatives, rates.falsePositives, rates.trueNegatives] == [2, 1, 1, 2])
    #expect(rates.sensitivity == ClusteredShare([(1, 2), (1, 1)]))
    #expect(rates.specificity == ClusteredShare([(1, 1), (1, 2)]))
    #expect(rates.positivePredictive == ClusteredShare([(1, 1), (1, 2)]))
    #expect(rates.negativePredictive == ClusteredShare([(1, 2), (1, 1)]))
    #expect(rates.accuracy == ClusteredShare([(2, 3), (2, 3)]))
  }
}
