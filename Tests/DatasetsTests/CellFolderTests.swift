import Datasets
import Foundation
import TestSupport
import Testing
import Text

@Suite struct CellFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func sortedClassesAndPictures() throws {
    for name in ["b/S2_IMG_2.png", "b/S1_cell_1.PNG", "a/plain.png", "a/Thumbs.db", "a/.hidden.png"] {
      try folder.folder(String(name.prefix(1)))
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
    #expect(message { _ = try CellFolder(folder.path) }.contains("no class folders"))
    _ = FileManager.default.createFile(atPath: "\(folder.path)/file", contents: nil)
    #expect(message { _ = try CellFolder("\(folder.path)/file") }.contains("a file"))
    try folder.folder("a")
    #expect(message { _ = try CellFolder(folder.path) }.contains("only one class (a)"))
    try folder.folder("b")
    _ = FileManager.default.createFile(atPath: "\(folder.path)/b/1.png", contents: nil)
    #expect(message { _ = try CellFolder(folder.path) }.contains("/a: a class without pictures (it is empty)"))
    _ = FileManager.default.createFile(atPath: "\(folder.path)/a/1.heic", contents: nil)
    let said = message { _ = try CellFolder(folder.path) }
    #expect(said.contains("1 entry, none of them a picture that is read (PNG, JPEG"), "\(said)")
  }

  @Test func whatIsLeftOutIsNamed() throws {
    for name in [
      "a/1.png", "b/1.png", "a/2.HEIC", "b/3.gif", "b/4.jp2", "a/Thumbs.db", "a/.hidden.jpg", "b/Desktop.ini", "5.jpeg",
      "notes.txt", "b/nested/6.png",
    ] {
      let parts = name.split(separator: "/").dropLast().joined(separator: "/")
      try folder.folder(parts)
      _ = FileManager.default.createFile(atPath: "\(folder.path)/\(name)", contents: nil)
    }
    let cells = try CellFolder(folder.path)
    #expect(cells.items.count == 2)
    #expect(cells.leftOut == ["5.jpeg", "a/2.HEIC", "b/3.gif", "b/4.jp2", "b/nested"])
    let warning = try #require(cells.leftOutWarning)
    #expect(warning.contains("left out 5 entries") && warning.contains("a/2.HEIC") && warning.contains("b/nested"))
    for index in 0..<30 { _ = FileManager.default.createFile(atPath: "\(folder.path)/b/9\(index).gif", contents: nil) }
    let more = try #require(try CellFolder(folder.path).leftOutWarning)
    #expect(more.contains("left out 35 entries") && more.contains(" and 15 more"))
  }

  /// Names are bytes: invalid UTF-8, Unicode-equivalent names, and slashes followed by an accent.
  @Test func namesOfAnyBytes() throws {
    func write(_ name: [UInt8]) throws {
      let path = Array("\(folder.path)/".utf8) + name
      let copy = "\(folder.path)/a/1.png"
      let text = path.withUnsafeBufferPointer { PathText.text($0) }
      var bytes = try Data(contentsOf: URL(filePath: copy))
      bytes.withUnsafeMutableBytes { bytes in
        text.withPath { target in
          let file = fopen(target, "w")
          fwrite(bytes.baseAddress, 1, bytes.count, file)
          fclose(file)
        }
      }
    }
    try folder.folder("a")
    try folder.folder("\u{301}b")
    try folder.write("a/1.png", noise(1))
    try write(Array("a/lat".utf8) + [0xE9] + Array("_IMG_1.png".utf8))
    try write(Array("\u{301}b/\u{E9}_IMG_1.png".utf8))
    try write(Array("\u{301}b/e\u{301}_IMG_1.png".utf8))
    let cells = try CellFolder(folder.path)
    #expect(cells.items.count == 4)
    #expect(cells.items.map { $0.label } == [0, 0, 1, 1])
    #expect(cells.items[1].slide.printable == "lat\\xe9")
    #expect(cells.items.map { cells.name(of: $0).printable }[1] == "a/lat\\xe9_IMG_1.png")
    #expect(cells.name(of: cells.items[2]).isExactly("\u{301}b/e\u{301}_IMG_1.png"))
  }
}
