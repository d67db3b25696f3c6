/// Finds pictures: files as they are named, folders down to the last subfolder, each folder's entries by name.
public struct PictureWalk {
  public private(set) var files: [String] = []
  /// What was named and is not there, or cannot be listed, or has nothing in it.
  public private(set) var problems: [String] = []
  /// What folders hold besides pictures that can be read.
  public private(set) var leftOut = LeftOut()
  /// Folders that the walk through one ``add(_:)`` has been to, however many links lead there.
  private var seen = FolderSet()

  public init() {}

  /// - Parameter path: a file (taken whatever its name) or a folder (of which PNG files are taken).
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

/// What a walk or a data set passes over, for one line about it at the end.
public struct LeftOut: Sendable {
  /// Pictures of other formats, and what is named like a picture and cannot be read.
  public private(set) var pictures: [String] = []
  public private(set) var others: [String] = []

  public init() {}

  public var count: Int { pictures.count + others.count }

  public mutating func note(_ path: String, isPicture: Bool) {
    if isPicture { pictures.append(path) } else { others.append(path) }
  }

  /// A line for pictures that were passed over and one for files that are none; each names the first twenty.
  public var lines: [String] {
    var lines: [String] = []
    if !pictures.isEmpty {
      let what = pictures.count == 1 ? "1 picture is no PNG and was" : "\(pictures.count) pictures are no PNGs and were"
      lines.append("\(what) left out (convert to PNG first): \(NameList.text(pictures))")
    }
    if !others.isEmpty {
      let what = others.count == 1 ? "1 file is no picture" : "\(others.count) files are no pictures"
      lines.append("\(what): \(NameList.text(others))")
    }
    return lines
  }
}

/// Names in a sentence.
public enum NameList {
  /// The first twenty, and how many more there are.
  public static func text(_ names: [String]) -> String {
    let most = 20
    let more = names.count > most ? " and \(names.count - most) more" : ""
    return names.prefix(most).joined(separator: ", ") + more
  }
}
