import Datasets
import Testing

@Suite struct EvenChoiceTests {
  /// Two classes of `counts` pictures, from five slides each.
  private func items(_ counts: [Int]) -> [CellFolder.Item] {
    counts.indices.flatMap { label in
      (0..<counts[label]).map {
        CellFolder.Item(path: "\(label)/\($0)", label: label, slide: "S\($0 * 5 / counts[label])")
      }
    }
  }

  @Test func classesAndSlidesTakeTurns() {
    let chosen = CellFolder.evenly(items([100, 100]), count: 20)
    #expect(chosen.count == 20)
    for label in 0...1 {
      let own = chosen.filter { $0.label == label }
      #expect(own.count == 10)
      for slide in 0..<5 { #expect(own.count { $0.slide == "S\(slide)" } == 2) }
    }
    #expect(chosen.prefix(2).map { $0.label } == [0, 1])
    #expect(Set(chosen.map { $0.path }).count == 20)
  }

  @Test func fewerThanSlidesAreSpread() {
    #expect(CellFolder.evenly(items([100, 100]), count: 4).map { $0.slide } == ["S0", "S0", "S2", "S2"])
  }

  @Test func aSmallClassLeavesItsShareToTheOther() {
    let chosen = CellFolder.evenly(items([3, 100]), count: 40)
    #expect(chosen.count == 40)
    #expect(chosen.count { $0.label == 0 } == 3)
    #expect(Set(chosen.map { $0.path }).count == 40)
  }

  @Test func noMoreThanThereAre() {
    #expect(CellFolder.evenly(items([3, 4]), count: 100).count == 7)
    #expect(CellFolder.evenly([], count: 10).isEmpty)
    #expect(CellFolder.evenly(items([7, 4]), count: 5).count == 5)
  }
}
