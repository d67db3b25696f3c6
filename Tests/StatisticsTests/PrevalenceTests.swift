import Statistics
import Testing

@Suite struct PrevalenceTests {
  private func close(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-9) -> Bool { abs((a ?? .nan) - b) < tolerance }

  /// Rogan and Gladen's correction by hand: p = 0.15, sensitivity 0.9, specificity 0.95: (0.15 − 0.05) / 0.85.
  @Test func correctedShare() throws {
    let rates = try #require(TestRates(sensitivity: (900, 1000), specificity: (950, 1000)))
    let prevalence = Prevalence(ClusteredShare([(150, 1000)]), rates: rates)
    #expect(close(prevalence.share, 0.1 / 0.85))
    // The variance by the delta method: (p(1 − p)/n + (1 − π)²·sp(1 − sp)/m + π²·se(1 − se)/m) / J² = 0.0002294. 1.96 of its
    // square roots are 0.0297. Wilson's interval and the smoothed rates differ little from it.
    #expect(close(prevalence.high - prevalence.low, 2 * 0.0297, 5e-4))
    #expect(prevalence.low < 0.1 / 0.85 && prevalence.isAboveNone)
  }

  @Test func withoutRatesTheIntervalIsWilsons() {
    let prevalence = Prevalence(ClusteredShare([(31, 2000)]), rates: nil)
    let wilson = WilsonInterval(share: 31 / 2000.0, count: 2000)
    #expect(prevalence.share == 31 / 2000.0 && prevalence.low == wilson.low && prevalence.high == wilson.high)
  }

  /// A test that is always right, observed on so many samples that nothing is uncertain, changes nothing.
  @Test func perfectRatesChangeNothing() throws {
    let rates = try #require(TestRates(sensitivity: (1 << 40, 1 << 40), specificity: (1 << 40, 1 << 40)))
    let share = ClusteredShare([(3, 100), (9, 120), (1, 90)])
    let (corrected, plain) = (Prevalence(share, rates: rates), Prevalence(share, rates: nil))
    #expect(close(corrected.share, 13 / 310.0) && close(corrected.low, plain.low, 1e-6))
    #expect(close(corrected.high, plain.high, 1e-6))
  }

  /// 13 of 310 in fields of 3 %, 7.5 % and 1.1 %: by hand, Σr² = 24.86, design effect 3/2 · 24.86 / 310 / (p(1 − p)) =
  /// 2.994. The interval is that of 310 / 2.994 cells.
  @Test func spreadBetweenFieldsWidens() {
    let share = ClusteredShare([(3, 100), (9, 120), (1, 90)])
    #expect(close(share.designEffect, 2.994, 0.001))
    let prevalence = Prevalence(share, rates: nil)
    let alone = Prevalence(ClusteredShare([(13, 310)]), rates: nil)
    #expect(prevalence.low < alone.low && prevalence.high > alone.high)
  }

  @Test(arguments: [(0, false), (4, false), (8, false), (40, true)])
  func falsePositivesAloneAreNoInfection(_ hits: Int, _ isAbove: Bool) throws {
    // 4 of 2000 are expected to be false.
    let rates = try #require(TestRates(sensitivity: (380, 400), specificity: (9980, 10_000)))
    let prevalence = Prevalence(ClusteredShare([(hits, 2000)]), rates: rates)
    #expect(prevalence.isAboveNone == isAbove)
    #expect(prevalence.low >= 0 && prevalence.high > 0 && (prevalence.share ?? -1) >= 0)
    if hits <= 4 { #expect(prevalence.share == 0 && prevalence.low == 0) }
  }

  @Test func noneFoundHasAnUpperEnd() {
    let prevalence = Prevalence(ClusteredShare([(0, 500), (0, 500)]), rates: nil)
    #expect(prevalence.share == 0 && !prevalence.isAboveNone)
    #expect(close(prevalence.high, 0.0038, 1e-4))  // z² / (n + z²)
  }

  @Test func noCells() {
    let prevalence = Prevalence(ClusteredShare([]), rates: nil)
    #expect(prevalence.share == nil && prevalence.low == 0 && prevalence.high == 1 && !prevalence.isAboveNone)
    #expect(prevalence.cellsNeeded(within: 0.25) == nil)
  }

  /// 1 %: 1.96² · 0.99 / (0.25² · 0.01) = 6085 cells.
  @Test func cellsNeeded() throws {
    #expect(Prevalence(ClusteredShare([(10, 1000)]), rates: nil).cellsNeeded(within: 0.25) == 6085)
    #expect(Prevalence(ClusteredShare([(0, 1000)]), rates: nil).cellsNeeded(within: 0.25) == nil)
    // Sensitivity from ten samples: ±25 % is out of reach, however many cells are counted.
    let vague = try #require(TestRates(sensitivity: (5, 10), specificity: (1000, 1000)))
    #expect(Prevalence(ClusteredShare([(100, 1000)]), rates: vague).cellsNeeded(within: 0.25) == nil)
    let sure = try #require(TestRates(sensitivity: (900, 1000), specificity: (99_900, 100_000)))
    let needed = try #require(Prevalence(ClusteredShare([(100, 1000)]), rates: sure).cellsNeeded(within: 0.25))
    #expect(needed > 553 && needed < 800)
  }

  @Test func ratesThatCorrectNothing() {
    #expect(TestRates(sensitivity: (0, 0), specificity: (9, 10)) == nil)
    #expect(TestRates(sensitivity: (3, 2), specificity: (9, 10)) == nil)
    #expect(TestRates(sensitivity: (1, 10), specificity: (9, 10)) == nil)
    #expect(TestRates(sensitivity: (-1, 10), specificity: (9, 10)) == nil)
  }
}
