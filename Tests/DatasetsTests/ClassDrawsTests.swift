import Datasets
import Testing

/// How many pictures of each class an epoch draws.
@Suite struct ClassDrawsTests {
  @Test func withoutALeastShareClassesKeepTheirProportion() {
    #expect(ClassDraws([30, 10], least: 0).counts == [30, 10])
    #expect(ClassDraws([30, 10], least: 0, total: 20).counts == [15, 5])
    #expect(ClassDraws([1, 1, 1], least: 0, total: 10).counts == [4, 3, 3])
  }

  @Test func aRareClassIsRaised() {
    #expect(ClassDraws([10, 990], least: 0.2).counts == [200, 800])
    #expect(ClassDraws([10, 990], least: 0.5, total: 64).counts == [32, 32])
    // The classes above the least share keep their proportion.
    #expect(ClassDraws([10, 300, 600], least: 0.1, total: 1000).counts == [100, 300, 600])
    // Raising one class may push another below the least share.
    #expect(ClassDraws([1, 26, 73], least: 0.25, total: 100).counts == [25, 25, 50])
    #expect(ClassDraws([1, 5, 94], least: 1.0 / 3, total: 99).counts == [33, 33, 33])
  }

  @Test func classesWithoutPicturesAreNotDrawn() {
    #expect(ClassDraws([0, 5, 5], least: 0.3, total: 10).counts == [0, 5, 5])
    #expect(ClassDraws([0, 5], least: 0.5, total: 10).counts == [0, 10])
    #expect(ClassDraws([0, 0], least: 0.5).counts == [0, 0])
  }

  @Test func theSumIsTheTotal() {
    for total in 1..<200 { #expect(ClassDraws([3, 50, 700, 11], least: 0.07, total: total).total == total) }
  }
}
