import Foundation
import Imaging
import TestSupport
import Testing

/// Pictures that appear in a folder are named when they are whole, and once.
@Suite struct FolderWatchTests {
  private let folder: TemporaryFolder
  private let watch: FolderWatch

  init() throws {
    folder = try TemporaryFolder()
    try folder.folder("in")
    watch = FolderWatch([folder.path("in")])
  }

  private func draw(_ name: String, side: Int = 9) throws {
    let file = folder.url.appending(path: "in/\(name)")
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try PNGFile.write(Picture(width: side, height: side), to: file.path)
  }

  /// The names below `in` of what a look finds.
  private func names() -> [String] {
    watch.look().map { String($0.path.dropFirst(folder.path("in").count + 1)) }
  }

  private func takeAll(isRead: Bool = true) {
    for picture in watch.look() { watch.take(picture, isRead: isRead) }
  }

  /// The only picture, `a.png`, when it is whole.
  private func wholePicture() throws -> FolderWatch.Picture {
    try draw("a.png")
    _ = watch.look()
    return try #require(watch.look().first)
  }

  private func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: folder.path(name)) }

  @Test func aPictureIsNamedAtTheSecondLookUntilItIsTaken() throws {
    #expect(names() == [])
    try draw("b.png")
    try draw("a.png")
    #expect(names() == [])
    #expect(names() == ["a.png", "b.png"])
    takeAll()
    #expect(names() == [])
    try draw("c.png")
    #expect(names() == [])
    #expect(names() == ["c.png"])
  }

  @Test func aFileThatGrowsIsNotWhole() throws {
    let bytes = try PictureFixtures.bytes("kind-rgb8.png")
    for count in [0, 10, bytes.count / 2, bytes.count] {
      try folder.write(Array(bytes[..<count]), to: "in/a.png")
      #expect(names() == [], "\(count) bytes")
    }
    #expect(names() == ["a.png"])
  }

  /// The same size and time: it is another file.
  @Test func aReplacedFileIsNamedAgain() throws {
    try draw("a.png")
    _ = watch.look()
    takeAll()
    try draw("other.bin")
    let time = try FileManager.default.attributesOfItem(atPath: folder.path("in/a.png"))[.modificationDate]
    try FileManager.default.setAttributes(
      [.modificationDate: try #require(time)], ofItemAtPath: folder.path("in/other.bin"))
    #expect(rename(folder.path("in/other.bin"), folder.path("in/a.png")) == 0)
    #expect(names() == [])
    #expect(names() == ["a.png"])
  }

  @Test func aFileThatIsWrittenToIsNamedAgain() throws {
    let picture = try wholePicture()
    #expect(picture.isCurrent)
    watch.take(picture, isRead: true)
    let file = try #require(FileHandle(forWritingAtPath: folder.path("in/a.png")))
    try file.seekToEnd()
    try file.write(contentsOf: Data([0]))
    try file.close()
    #expect(!picture.isCurrent)
    #expect(names() == [])
    #expect(names() == ["a.png"])
  }

  @Test func aFileThatWentIsForgotten() throws {
    let picture = try wholePicture()
    try remove("in/a.png")
    #expect(!picture.isCurrent)
    #expect(names() == [])
    try draw("a.png")
    #expect(names() == [])
    #expect(names() == ["a.png"])
  }

  @Test func hiddenFilesAndOthersArePassedOver() throws {
    try draw(".hidden.png")
    try draw(".folder/a.png")
    try folder.write([1], to: "in/Thumbs.db")
    try folder.write(Array("text".utf8), to: "in/notes.txt")
    #expect(names() == [])
    #expect(names() == [])
    #expect(watch.leftOut.pictureCount == 0)
    #expect(watch.leftOut.lines.count == 1 && watch.leftOut.lines[0].contains("notes.txt"))
  }

  /// So that whoever reads them says at once what to do.
  @Test func picturesThatAreNotReadAreNamed() throws {
    try folder.write(Array("....ftypheic".utf8), to: "in/a.heic")
    _ = watch.look()
    #expect(names() == ["a.heic"])
    #expect(watch.leftOut.count == 0)
  }

  @Test func foldersComeAndGo() throws {
    try draw("sub/a.png")
    #expect(names() == [])
    #expect(names() == ["sub/a.png"])
    try remove("in/sub")
    #expect(watch.look().isEmpty && watch.news == [])
    for _ in 0..<2 {
      try remove("in")
      #expect(watch.look().isEmpty)
      #expect(watch.news.count == 1 && watch.news[0].contains("in: No such file"), "\(watch.news)")
      #expect(watch.look().isEmpty && watch.news == [], "told once")
      try folder.folder("in")
      #expect(watch.look().isEmpty && watch.news == [])
    }
    try draw("b.png")
    #expect(names() == [])
    #expect(names() == ["b.png"])
  }

  @Test func aPictureOfTwoFoldersIsNamedOnce() throws {
    let watch = FolderWatch([folder.path("in"), folder.path("in/sub")])
    try draw("sub/a.png")
    #expect(watch.look().isEmpty)
    #expect(watch.look().map { $0.path } == [folder.path("in/sub/a.png")])
  }

  @Test func aPictureThatIsMendedIsNoFailure() throws {
    try draw("a.png")
    _ = watch.look()
    takeAll(isRead: false)
    #expect(watch.failureCount == 1)
    #expect(names() == [])
    try draw("a.png", side: 10)
    _ = watch.look()
    takeAll(isRead: true)
    #expect(watch.failureCount == 0)
  }
}
