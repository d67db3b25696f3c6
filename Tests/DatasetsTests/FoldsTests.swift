import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct FoldsTests {
  private let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  /// Slides of very uneven size: the first three hold a third of the pictures, and some have only one class.
  private func cells(slides: Int = 40, named: Bool = true) throws -> CellFolder {
    var random = RandomSource(seed: 5)
    for name in ["infected", "well"] { try temporary.folder(name) }
    for slide in 0..<slides {
      for name in ["infected", "well"] {
        let most = slide < 3 ? 60 : slide % 7 == 0 && name == "infected" ? 0 : 1 + random.index(below: 12)
        for cell in 0..<most {
          let file = named ? "S\(slide)_IMG_\(cell).png" : "picture-\(slide)-\(cell).png"
          _ = FileManager.default.createFile(atPath: "\(temporary.path)/\(name)/\(file)", contents: nil)
        }
      }
    }
    return try CellFolder(temporary.path)
  }

  @Test(arguments: [2, 3, 5, 10], [1, 2] as [UInt64])
  func everyPictureIsKeptBackOnce(_ count: Int, _ seed: UInt64) throws {
    let cells = try cells()
    let folds = try Folds(cells, count: count, seed: seed)
    #expect(folds.isBySlide)
    let splits = (0..<count).map { folds.split($0) }
    #expect(splits.flatMap { $0.valid }.sorted() == Array(cells.items.indices))
    for split in splits {
      #expect((split.train + split.valid).sorted() == Array(cells.items.indices))
      let sides = [split.train, split.valid].map { Set($0.map { cells.items[$0].slide }) }
      #expect(sides[0].isDisjoint(with: sides[1]))
    }
    #expect(folds.parts == (try Folds(cells, count: count, seed: seed)).parts)
    #expect(folds.parts != (try Folds(cells, count: count, seed: seed + 7)).parts)
  }

  @Test func classesAreBalancedAndBigSlidesApart() throws {
    let cells = try cells()
    let folds = try Folds(cells, count: 3, seed: 1)
    for label in 0..<2 {
      for fold in 0..<3 {
        let kept = folds.split(fold).valid.count { cells.items[$0].label == label }
        #expect(abs(Double(kept) / Double(cells.counts[label]) - 1 / 3.0) < 0.01)
      }
    }
    let homes = ["S0", "S1", "S2"].map { slide in
      cells.items.firstIndex { $0.slide == slide }.map { folds.parts[$0] }
    }
    #expect(Set(homes).count == 3)
  }

  @Test func namesWithoutSlidesAreDealtOneByOne() throws {
    let cells = try cells(slides: 12, named: false)
    let folds = try Folds(cells, count: 4, seed: 1)
    #expect(!folds.isBySlide)
    for label in 0..<2 {
      let counts = (0..<4).map { fold in folds.split(fold).valid.count { cells.items[$0].label == label } }
      #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    }
  }

  @Test func tooManyFolds() throws {
    let cells = try cells(slides: 4)
    #expect(message { _ = try Folds(cells, count: 9, seed: 1) }.contains("fewer --folds"))
    #expect(message { _ = try Folds(cells, count: 1, seed: 1) }.contains("at least 2"))
  }
}
