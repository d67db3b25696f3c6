import Foundation
import Platform
import TestSupport
import Testing

/// Files that appear only when complete.
@Suite struct ReplaceFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func begin(_ name: String) -> Int32 {
    var file: Int32 = -1
    #expect(platform_replace_begin(folder.path(name), &file) == 0)
    #expect(platform_write(file, Array(name.utf8), name.utf8.count) == 0)
    return file
  }

  @Test func theNameComesLast() throws {
    let file = begin("a.csv")
    #expect(try folder.names() == [".a.csv.giemsa-0"])
    #expect(platform_replace_commit(file, 0) == 0)
    #expect(try folder.names() == ["a.csv"])
    platform_replace_abandon(begin("b.csv"))
    #expect(try folder.names() == ["a.csv"])
  }

  @Test func twoWritersDoNotMeet() throws {
    let (one, two) = (begin("a"), begin("a"))
    #expect(try folder.names() == [".a.giemsa-0", ".a.giemsa-1"])
    #expect(platform_replace_commit(two, 0) == 0 && platform_replace_commit(one, 1) == 0)
    #expect(try folder.names() == ["a"])
  }

  /// A leftover temporary file is reused and truncated, and only by a writer of the same file.
  @Test func leftoversAreTakenOver() throws {
    for name in [".a.giemsa-0", ".b.giemsa-0"] {
      try Data(repeating: 1, count: 1000).write(to: folder.url.appending(path: name))
    }
    #expect(platform_replace_commit(begin("a"), 0) == 0)
    #expect(try folder.names() == [".b.giemsa-0", "a"])
    #expect(try Data(contentsOf: folder.url.appending(path: "a")) == Data("a".utf8))
  }

  /// A link planted at the temporary name is not followed.
  @Test func linksInTheWayAreLeftAlone() throws {
    try Data("precious".utf8).write(to: folder.url.appending(path: "precious"))
    symlink("precious", folder.url.appending(path: ".a.giemsa-0").path)
    #expect(platform_replace_commit(begin("a"), 0) == 0)
    #expect(try Data(contentsOf: folder.url.appending(path: "precious")) == Data("precious".utf8))
    #expect(try folder.names() == [".a.giemsa-0", "a", "precious"])
  }

  @Test func whatALinkLeadsToIsReplaced() throws {
    try Data("old".utf8).write(to: folder.url.appending(path: "target"))
    symlink("target", folder.url.appending(path: "link").path)
    #expect(platform_replace_commit(begin("link"), 0) == 0)
    #expect(try folder.names() == ["link", "target"])
    #expect(try Data(contentsOf: folder.url.appending(path: "target")) == Data("link".utf8))
  }

  @Test func longNamesHaveRoom() throws {
    let name = String(repeating: "n", count: 255)
    #expect(platform_replace_commit(begin(name), 0) == 0)
    #expect(try folder.names() == [name])
  }
}
