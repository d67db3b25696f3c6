import Text

/// What a person should know of a picture that was read all the same.
public enum PictureNote: Sendable, Equatable {
  /// 16 bits per channel of which less than an eighth of the range is used: typical of 12-bit camera data stored without
  /// scaling.
  case dim
  /// The file has further pictures, which were left out.
  case firstOfSeveral

  /// `remedy`: what a program's user can do about dim pictures.
  fileprivate func text(_ remedy: String) -> String {
    switch self {
    case .dim:
      "16 bits per channel, but every value is below an eighth of the range, so the picture is nearly black here. If "
        + "these are 12-bit data, \(remedy)"
    case .firstOfSeveral: "the file has several pictures; the first was read"
    }
  }
}

/// Collects the notes of many pictures for one warning per folder and kind.
public struct PictureNotes: Sendable {
  private struct Entry {
    let note: PictureNote
    let folder: String
    let first: String
    var count = 1
  }

  private var entries: [Entry] = []
  /// Pictures beyond the folders that are kept apart.
  private var others = 0
  private static let most = 20

  public init() {}

  public mutating func add(_ path: String, _ notes: [PictureNote]) {
    for note in notes {
      let folder = PathText.folder(path)
      if let known = entries.firstIndex(where: { $0.note == note && $0.folder.isExactly(folder) }) {
        entries[known].count += 1
      } else if entries.count < Self.most {
        entries.append(Entry(note: note, folder: folder, first: path))
      } else {
        others += 1
      }
    }
  }

  /// A line for each folder and kind of note; at most 21.
  ///
  /// - Parameter remedy: what can be done about data of 12 bits; a program names its option.
  public func warnings(remedy: String = "multiply the values by 16") -> [String] {
    var lines = entries.map { entry in
      let more = entry.count > 1 ? " (and \(entry.count - 1) more)" : ""
      return "warning: \(entry.first)\(more): \(entry.note.text(remedy))"
    }
    if others > 0 { lines.append("warning: the same in further folders: \(others) pictures") }
    return lines
  }
}
