import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct SplitTests {
  private let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  /// Slides of uneven size, some with only one class, as in real data.
  private func cells(slides: Int = 30) throws -> CellFolder {
    var random = RandomSource(seed: 5)
    for name in ["infected", "well"] { try temporary.folder(name) }
    for slide in 0..<slides {
      for name in ["infected", "well"] {
        for cell in 0..<(slide % 7 == 0 && name == "infected" ? 0 : 1 + random.index(below: 12)) {
          let path = "\(temporary.path)/\(name)/S\(slide)_IMG_\(cell).png"
          _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
      }
    }
    return try CellFolder(temporary.path)
  }

  private func share(_ indices: [Int], _ label: Int, _ cells: CellFolder) -> Double {
    Double(indices.count { cells.items[$0].label == label }) / Double(cells.counts[label])
  }

  @Test(arguments: SplitKind.allCases, [0.1, 0.2, 0.5])
  func everyPictureOnOneSideInTheWantedShares(_ kind: SplitKind, _ fraction: Double) throws {
    let cells = try cells()
    let split = try Split(cells, kind: kind, validFraction: fraction, seed: 3)
    #expect((split.train + split.valid).sorted() == Array(cells.items.indices))
    for label in 0..<2 { #expect(abs(share(split.valid, label, cells) - fraction) < 0.02) }
    #expect(split == (try Split(cells, kind: kind, validFraction: fraction, seed: 3)))
    #expect(split != (try Split(cells, kind: kind, validFraction: fraction, seed: 4)))
  }

  @Test func noSlideOnBothSides() throws {
    let cells = try cells()
    let split = try Split(cells, kind: .slide, validFraction: 0.2, seed: 1)
    let slides = [split.train, split.valid].map { Set($0.map { cells.items[$0].slide }) }
    #expect(slides[0].isDisjoint(with: slides[1]))
    #expect(slides[1].count > 1)
  }

  @Test func whatCannotBeSplit() throws {
    let one = try cells(slides: 2)
    #expect(message { _ = try Split(one, kind: .slide, validFraction: 0.2, seed: 1) }.contains("--split random"))
    _ = FileManager.default.createFile(atPath: "\(temporary.path)/well/plain.png", contents: nil)
    let unnamed = try CellFolder(temporary.path)
    #expect(message { _ = try Split(unnamed, kind: .slide, validFraction: 0.2, seed: 1) }.contains("plain.png"))
    #expect(message { _ = try Split(unnamed, kind: .random, validFraction: 1, seed: 1) }.contains("between 0 and 1"))
  }
}
