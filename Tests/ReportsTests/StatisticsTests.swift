import Reports
import Statistics
import Testing

@Suite struct StatisticsTests {
  private func close(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-9) -> Bool { abs((a ?? .nan) - b) < tolerance }

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
