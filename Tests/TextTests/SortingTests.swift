import Testing
import Text

@Suite struct SortingTests {
  @Test(arguments: [0, 1, 2, 3, 5, 8, 17, 100, 1000]) func equalOnesStay(_ count: Int) {
    // Seven keys, so that most are equal to others.
    let pairs = (0..<count).map { (key: $0 * $0 % 7, place: $0) }
    let sorted = pairs.inOrder { $0.key < $1.key }
    #expect(sorted.map { $0.place } == pairs.indices.sorted { (pairs[$0].key, $0) < (pairs[$1].key, $1) })
  }

  @Test func textIsPutTogether() {
    var text = "a" + "b"
    text += "c"
    text.append("\(1 + 1), \([3]), \("d"[...]), \(nil as Int? ?? -4)")
    #expect(text == ["a", "b", "c", "2", ", [3], ", "d", ", -4"].joined())
  }
}
