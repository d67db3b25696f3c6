import Giemsa
import Text

/// The files that arguments name: each file as it is, all `.onnx` files in a folder and in those within it, and all
/// matches of a pattern with `*`, `?` and `**` (any number of folders), for callers without a shell.
struct ModelFiles {
  private(set) var paths: [String] = []
  /// Folders that cannot be read.
  private(set) var problems: [String] = []
  /// Folders that a walk has been to, through whatever links.
  private var seen = FolderSet()
  /// Those that each part `**` of a pattern has been to.
  private var visited: [FolderSet] = []

  mutating func add(_ argument: String) {
    let count = paths.count
    switch FileKind(argument) {
    case .file, .other: paths.append(argument)
    case .folder(let identity):
      seen = FolderSet()
      walk(argument, identity)
    case .unreadable:
      guard argument.utf8.contains(where: isWildcard) else { break }
      let parts = argument.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
      visited = parts.map { _ in FolderSet() }
      expand(argument.utf8.first == UInt8(ascii: "/") ? "/" : "", parts, 0)
    }
    // What names no file is a finding: E101.
    if paths.count == count { paths.append(argument) }
  }

  private func isWildcard(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") }

  private mutating func entries(_ folder: String) -> [FolderListing.Entry] {
    do throws(ImagingError) {
      return try FolderListing(folder).entries
    } catch {
      problems.append(error.message)
      return []
    }
  }

  private mutating func walk(_ folder: String, _ identity: FileKind.Identity) {
    guard seen.insert(identity) else { return }
    for entry in entries(folder) {
      if let identity = entry.folder {
        walk(entry.path, identity)
      } else if Array(entry.name.utf8).ends(with: ".onnx") {
        paths.append(entry.path)
      }
    }
  }

  /// Adds what matches the parts of a pattern from `part` on, in the folder that `head` begins every path with.
  private mutating func expand(_ head: String, _ parts: [[UInt8]], _ part: Int) {
    guard part < parts.count else { return }
    let (pattern, isLast) = (parts[part], part + 1 == parts.count)
    guard pattern.contains(where: isWildcard) else {
      let path = head + String(decoding: pattern, as: UTF8.self)
      if isLast {
        if FileKind(path).exists { paths.append(path) }
      } else {
        expand(path + "/", parts, part + 1)
      }
      return
    }
    let folder = head.isEmpty ? "." : head
    let isAnyDepth = pattern.elementsEqual("**".utf8)
    if isAnyDepth {
      guard case .folder(let identity) = FileKind(folder), visited[part].insert(identity) else { return }
      expand(head, parts, part + 1)
    }
    for entry in entries(folder) {
      let path = head + entry.name
      if isAnyDepth {
        if entry.isFolder { expand(path + "/", parts, part) } else if isLast { paths.append(path) }
      } else if Array(entry.name.utf8).matches(pattern), entry.isFolder != isLast {
        if isLast { paths.append(path) } else { expand(path + "/", parts, part + 1) }
      }
    }
  }
}

extension [UInt8] {
  fileprivate func ends(with suffix: StaticString) -> Bool {
    let length = suffix.utf8CodeUnitCount
    return count > length && indices.suffix(length).enumerated().allSatisfy { self[$1] == suffix.utf8Start[$0] }
  }

  /// Whether a name matches a pattern: `*` stands for any bytes, `?` for one.
  func matches(_ pattern: [UInt8]) -> Bool {
    var (at, next) = (0, 0)
    // The last star, and where the bytes that it stands for end.
    var star: (pattern: Int, name: Int)?
    while at < count {
      if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
        star = (next, at)
        next += 1
      } else if next < pattern.count, pattern[next] == UInt8(ascii: "?") || pattern[next] == self[at] {
        at += 1
        next += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        (next, at) = (last.pattern + 1, last.name + 1)
      } else {
        return false
      }
    }
    return pattern[next...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
