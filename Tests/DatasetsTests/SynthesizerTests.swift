import Datasets
import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct SynthesizerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func theSameSeedDrawsTheSameCells() throws {
    let first = try Synthesizer(count: 8, size: 32, seed: 4)
    let again = try Synthesizer(count: 8, size: 32, seed: 4)
    let other = try Synthesizer(count: 8, size: 32, seed: 5)
    for index in 0..<8 {
      #expect(first.cell(index).picture == again.cell(index).picture)
      #expect(first.cell(index).file == again.cell(index).file)
      #expect(first.cell(index).picture != other.cell(index).picture)
    }
  }

  @Test func aFolderThatSplitsBySlide() throws {
    try Synthesizer(count: 60, size: 16, seed: 1).write(to: folder.path)
    let cells = try CellFolder(folder.path)
    #expect(cells.classes == ["Parasitized", "Uninfected"])
    #expect(cells.counts == [30, 30])
    let split = try Split(cells, kind: .slide, validFraction: 0.25, seed: 1)
    #expect(!split.valid.isEmpty)
    #expect(message { try Synthesizer(count: 2, size: 16, seed: 1).write(to: folder.path) }.contains("not empty"))
  }

  /// A cell on black: corners dark, middle not.
  @Test func cellsLookLikeCells() throws {
    let synthesizer = try Synthesizer(count: 20, size: 48, seed: 2)
    for index in 0..<20 {
      let picture = synthesizer.cell(index).picture
      #expect(picture.pixels[0..<3].allSatisfy { $0 == 0 })
      let middle = (24 * 48 + 24) * 3
      #expect(picture.pixels[middle..<(middle + 3)].contains { $0 > 60 })
    }
  }

  @Test func bounds() {
    #expect(throws: DatasetError.self) { try Synthesizer(count: 1, size: 32, seed: 1) }
    #expect(throws: DatasetError.self) { try Synthesizer(count: 10, size: 8, seed: 1) }
    #expect(message { try Synthesizer(count: 2, size: 16, seed: 1).write(to: "/proc/nowhere") }.contains("/proc"))
  }
}
