import Datasets
import Foundation
import Testing

@Suite struct CellFolderTests {
  private let folder = TemporaryFolder()

  @Test func sortedClassesAndPictures() throws {
    for name in ["b/S2_IMG_2.png", "b/S1_cell_1.PNG", "a/plain.png", "a/Thumbs.db", "a/.hidden.png"] {
      try folder.make(String(name.prefix(1)))
      _ = FileManager.default.createFile(atPath: "\(folder.path)/\(name)", contents: nil)
    }
    _ = FileManager.default.createFile(atPath: "\(folder.path)/notes.txt", contents: nil)
    let cells = try CellFolder(folder.path)
    #expect(cells.classes == ["a", "b"])
    #expect(
      cells.items.map { $0.path.split(separator: "/").suffix(2).joined(separator: "/") }
        == ["a/plain.png", "b/S1_cell_1.PNG", "b/S2_IMG_2.png"])
    #expect(cells.items.map { $0.label } == [0, 1, 1])
    #expect(cells.items.map { $0.slide } == ["", "S1", "S2"])
    #expect(cells.counts == [1, 2])
  }

  @Test func slideNames() {
    #expect(CellFolder.slide(of: "C101P62ThinF_IMG_20150918_151006_cell_65.png") == "C101P62ThinF")
    #expect(CellFolder.slide(of: "X_cell_65.png") == "X")
    #expect(CellFolder.slide(of: "IMG_65.png") == "")
  }

  @Test func whatCannotBeTrainedOn() throws {
    #expect(message { _ = try CellFolder("/nowhere/cells") } == "/nowhere/cells: no such folder")
    try folder.make("")
    #expect(message { _ = try CellFolder(folder.path) }.contains("no class folders"))
    _ = FileManager.default.createFile(atPath: "\(folder.path)/file", contents: nil)
    #expect(message { _ = try CellFolder("\(folder.path)/file") }.contains("a file"))
    try folder.make("a")
    #expect(message { _ = try CellFolder(folder.path) }.contains("one class only (a)"))
    try folder.make("b")
    _ = FileManager.default.createFile(atPath: "\(folder.path)/b/1.png", contents: nil)
    #expect(message { _ = try CellFolder(folder.path) }.contains("/a: a class without pictures (it is empty)"))
    _ = FileManager.default.createFile(atPath: "\(folder.path)/a/1.jpg", contents: nil)
    #expect(message { _ = try CellFolder(folder.path) }.contains("1 entries, none of them a .png"))
  }
}
