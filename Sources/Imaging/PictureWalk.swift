/// Finds pictures: named files, and folders searched recursively, with each folder's entries sorted by name.
public struct PictureWalk {
  public private(set) var files: [String] = []
  /// Problems with named paths: missing, not readable, or without pictures.
  public private(set) var problems: [String] = []
  /// The entries of folders that are not readable pictures.
  public private(set) var leftOut = LeftOut()
  /// Folders already visited by the current ``add(_:)``, through whatever links.
  private var seen = FolderSet()

  public init() {}

  /// - Parameter path: a file (accepted whatever its name) or a folder (of which PNG files are accepted).
  public mutating func add(_ path: String) {
    switch FileKind(path) {
    case .file, .other: files.append(path)
    case .folder(let identity):
      let before = (files.count, leftOut.count)
      seen = FolderSet()
      walk(path, identity)
      if files.count == before.0, leftOut.count == before.1 { problems.append("\(path): no pictures in it") }
    case .unreadable(let reason): problems.append("\(path): \(reason)")
    }
  }

  private mutating func walk(_ folder: String, _ identity: FileKind.Identity) {
    guard seen.insert(identity) else { return }
    let listing: FolderListing
    do {
      listing = try FolderListing(folder)
    } catch {
      problems.append(error.message)
      return
    }
    for entry in listing.entries {
      switch entry.kind {
      case .picture: files.append(entry.path)
      case .folder(let identity): walk(entry.path, identity)
      case .leftOut(let isPicture): leftOut.note(entry.path, isPicture: isPicture)
      }
    }
  }
}

/// The entries that a walk or a data set ignores, for one report at the end.
public struct LeftOut: Sendable {
  /// Pictures of other formats, and files that are named like pictures but cannot be read.
  public private(set) var pictures: [String] = []
  public private(set) var others: [String] = []

  public init() {}

  public var count: Int { pictures.count + others.count }

  public mutating func note(_ path: String, isPicture: Bool) {
    if isPicture { pictures.append(path) } else { others.append(path) }
  }

  /// One line for ignored pictures and one for files that are not pictures; each names the first twenty.
  public var lines: [String] {
    var lines: [String] = []
    if !pictures.isEmpty {
      let what =
        pictures.count == 1 ? "1 picture is not a PNG and was" : "\(pictures.count) pictures are not PNGs and were"
      lines.append("\(what) left out (convert to PNG first): \(NameList.text(pictures))")
    }
    if !others.isEmpty {
      let what = others.count == 1 ? "1 file is not a picture" : "\(others.count) files are not pictures"
      lines.append("\(what): \(NameList.text(others))")
    }
    return lines
  }
}

/// A list of names for a sentence.
public enum NameList {
  /// The first twenty names, and the number of others.
  public static func text(_ names: [String]) -> String {
    let most = 20
    let more = names.count > most ? " and \(names.count - most) more" : ""
    return names.prefix(most).joined(separator: ", ") + more
  }
}
