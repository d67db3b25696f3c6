import Testing
import Training

@Suite struct RateSearchTests {
  @Test func growsExponentially() {
    let search = RateSearch()
    #expect(search.rate(0) == 1e-7)
    #expect(abs(search.rate(50) - 1e-3) < 1e-12)
    #expect(abs(search.rate(100) - 10) < 1e-9)
  }

  /// A loss that falls from 1e-4 on, has its minimum at 1e-2 and then explodes.
  @Test func findsTheDescent() throws {
    var search = RateSearch()
    var steps = 0
    while steps < 1000 {
      let rate = search.rate(steps)
      let loss = rate < 1e-4 ? 1 : rate < 1e-2 ? 0.2 + 0.8 / (1 + (rate / 1e-3) * (rate / 1e-3)) : rate * 100
      steps += 1
      if !search.note(loss: loss) { break }
    }
    #expect(search.points.count == steps && steps < 100, "stopped at four times the best")
    let found = try #require(search.suggestions)
    #expect(found.valley > 1e-5 && found.valley < 5e-2)
    #expect(found.minimum > 1e-4 && found.minimum < 1e-1)
    #expect(found.steepest > 1e-4 && found.steepest < 5e-2)
  }

  @Test func tooLittleToTell() {
    var search = RateSearch()
    let (goesOn, ends) = (search.note(loss: 1), !search.note(loss: .nan))
    #expect(goesOn && ends)
    #expect(search.suggestions == nil)
  }
}
