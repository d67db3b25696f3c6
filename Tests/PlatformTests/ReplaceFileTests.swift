import Foundation
import Platform
import Testing

/// Files that appear only when complete.
@Suite struct ReplaceFileTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "giemsa-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

  private func begin(_ name: String) -> Int32 {
    var file: Int32 = -1
    #expect(platform_replace_begin(folder.appending(path: name).path, &file) == 0)
    #expect(platform_write(file, Array(name.utf8), name.utf8.count) == 0)
    return file
  }

  @Test func theNameComesLast() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = begin("a.csv")
    #expect(try names() == [".a.csv.giemsa-0"])
    #expect(platform_replace_commit(file, 0) == 0)
    #expect(try names() == ["a.csv"])
    platform_replace_abandon(begin("b.csv"))
    #expect(try names() == ["a.csv"])
  }

  @Test func twoWritersDoNotMeet() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let (one, two) = (begin("a"), begin("a"))
    #expect(try names() == [".a.giemsa-0", ".a.giemsa-1"])
    #expect(platform_replace_commit(two, 0) == 0 && platform_replace_commit(one, 1) == 0)
    #expect(try names() == ["a"])
  }

  /// A leftover temporary file is reused and truncated, and only by a writer of the same file.
  @Test func leftoversAreTakenOver() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in [".a.giemsa-0", ".b.giemsa-0"] {
      try Data(repeating: 1, count: 1000).write(to: folder.appending(path: name))
    }
    #expect(platform_replace_commit(begin("a"), 0) == 0)
    #expect(try names() == [".b.giemsa-0", "a"])
    #expect(try Data(contentsOf: folder.appending(path: "a")) == Data("a".utf8))
  }

  /// A link planted at the temporary name is not followed.
  @Test func linksInTheWayAreLeftAlone() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("precious".utf8).write(to: folder.appending(path: "precious"))
    symlink("precious", folder.appending(path: ".a.giemsa-0").path)
    #expect(platform_replace_commit(begin("a"), 0) == 0)
    #expect(try Data(contentsOf: folder.appending(path: "precious")) == Data("precious".utf8))
    #expect(try names() == [".a.giemsa-0", "a", "precious"])
  }

  @Test func whatALinkLeadsToIsReplaced() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("old".utf8).write(to: folder.appending(path: "target"))
    symlink("target", folder.appending(path: "link").path)
    #expect(platform_replace_commit(begin("link"), 0) == 0)
    #expect(try names() == ["link", "target"])
    #expect(try Data(contentsOf: folder.appending(path: "target")) == Data("link".utf8))
  }

  @Test func longNamesHaveRoom() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let name = String(repeating: "n", count: 255)
    #expect(platform_replace_commit(begin(name), 0) == 0)
    #expect(try names() == [name])
  }
}
