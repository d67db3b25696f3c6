import Text

/// Finds pictures: named files, and folders searched recursively, with each folder's entries sorted by name.
public struct PictureWalk {
  public private(set) var files: [String] = []
  /// Problems with named paths: missing, not readable, or without pictures.
  public private(set) var problems: [String] = []
  /// The entries of folders that are not readable pictures.
  public private(set) var leftOut = LeftOut()
  /// Folders already visited by the current ``add(_:)``, through whatever links.
  private var seen = FolderSet()

  private let repeats: Bool

  public init() { repeats = false }

  /// - Parameter repeats: the walk is one of many through folders that change meanwhile. Then an empty folder, or one within
  ///   that has gone, is no problem, and pictures of formats that are not read are among ``files``.
  init(repeats: Bool) { self.repeats = repeats }

  /// - Parameter path: a file (accepted whatever its name) or a folder (of which pictures are accepted).
  public mutating func add(_ path: String) {
    switch FileKind(path) {
    case .file, .other: files.append(path)
    case .folder(let identity):
      let before = (files.count, leftOut.count)
      seen = FolderSet()
      walk(path, identity)
      if !repeats, files.count == before.0, leftOut.count == before.1 { problems.append("\(path): no pictures in it") }
    case .unreadable(let reason): problems.append("\(path): \(reason)")
    }
  }

  private mutating func walk(_ folder: String, _ identity: FileKind.Identity) {
    guard seen.insert(identity) else { return }
    let listing: FolderListing
    do {
      listing = try FolderListing(folder)
    } catch {
      if !repeats || FileKind(folder).exists { problems.append(error.message) }
      return
    }
    for entry in listing.entries {
      switch entry.kind {
      case .picture: files.append(entry.path)
      case .folder(let identity): walk(entry.path, identity)
      case .leftOut(.unread) where repeats: files.append(entry.path)
      case .leftOut(let reason): leftOut.note(entry.path, reason)
      }
    }
  }
}
