import Text

/// The entries that a walk or a data set ignores, for one report at the end.
public struct LeftOut: Sendable {
  enum Reason: Sendable {
    /// A picture of a format that is not read, with a sentence on what to do.
    case unread(_ format: String, advice: String)
    /// Named like a picture, but not (or no longer) a file.
    case unreadable
    case notPicture

    var isPicture: Bool { if case .notPicture = self { false } else { true } }
  }

  /// Pictures of one format that is not read.
  private struct Group {
    let format: String
    let advice: String
    var paths: [String]
  }

  private var groups: [Group] = []
  private var unreadable: [String] = []
  private var others: [String] = []

  public init() {}

  /// Pictures that are not read, and files that are named like pictures but cannot be read.
  public var pictureCount: Int { groups.reduce(unreadable.count) { $0 + $1.paths.count } }

  public var count: Int { pictureCount + others.count }

  mutating func note(_ path: String, _ reason: Reason) {
    switch reason {
    case .unread(let format, let advice):
      if let known = groups.firstIndex(where: { $0.format.isExactly(format) }) {
        groups[known].paths.append(path)
      } else {
        groups.append(Group(format: format, advice: advice, paths: [path]))
      }
    case .unreadable: unreadable.append(path)
    case .notPicture: others.append(path)
    }
  }

  /// A line for each format that is not read, for unreadable entries, and for files that are not pictures. Each names the
  /// first twenty.
  public var lines: [String] {
    var lines = groups.map { group in
      let what = group.paths.count == 1 ? "1 file is no picture" : "\(group.paths.count) files are no pictures"
      return "\(what) we read (\(group.format)): \(NameList.text(group.paths)). \(group.advice)"
    }
    if !unreadable.isEmpty {
      let what =
        unreadable.count == 1
        ? "1 entry is named like a picture" : "\(unreadable.count) entries are named like pictures"
      lines.append("\(what), but cannot be read: \(NameList.text(unreadable))")
    }
    if !others.isEmpty {
      let what = others.count == 1 ? "1 file is not a picture" : "\(others.count) files are not pictures"
      lines.append("\(what): \(NameList.text(others))")
    }
    return lines
  }
}
