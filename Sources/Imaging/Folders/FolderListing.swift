import Platform
import Text

/// The kind of file that a path leads to, following links.
public enum FileKind {
  /// Identifies a folder, whatever path leads to it.
  public struct Identity: Sendable {
    let device: UInt64
    let inode: UInt64
  }

  case file
  case folder(Identity)
  /// A pipe, a socket, a device.
  case other
  /// Missing or not accessible, with the reason.
  case unreadable(String)

  public var exists: Bool { if case .unreadable = self { false } else { true } }

  public init(_ path: String) {
    var (device, inode) = (UInt64(0), UInt64(0))
    switch path.withPath({ platform_path_kind($0, &device, &inode) }) {
    case PLATFORM_IS_FILE: self = .file
    case PLATFORM_IS_DIRECTORY: self = .folder(Identity(device: device, inode: inode))
    case PLATFORM_IS_OTHER: self = .other
    case let error: self = .unreadable(String(cString: platform_error_text(error)))
    }
  }
}

/// The entries of one folder, sorted by the bytes of their names, which is the same order on every machine. Hidden
/// files and those of file managers (`Thumbs.db`, `desktop.ini`) are left out.
public struct FolderListing {
  public struct Entry {
    public let name: String
    public let path: String
    let kind: Kind

    /// Named like a picture of a format that is read, or one by its first bytes.
    public var isPicture: Bool { if case .picture = kind { true } else { false } }
    public var isFolder: Bool { if case .folder = kind { true } else { false } }
    /// A picture of a format that is not read, or an entry named like a picture that is not (or no longer) a file.
    public var isOtherPicture: Bool {
      if case .leftOut(let reason) = kind { reason.isPicture } else { false }
    }
  }

  enum Kind {
    case picture
    case folder(FileKind.Identity)
    case leftOut(LeftOut.Reason)
  }

  public let entries: [Entry]

  public init(_ folder: String) throws(ImagingError) {
    var error: Int32 = 0
    guard let directory = folder.withPath({ platform_directory_open($0, &error) }) else {
      throw ImagingError("\(folder): \(String(cString: platform_error_text(error)))")
    }
    var names: [[UInt8]] = []
    while let name = platform_directory_next(directory) {
      let bytes = PathText.bytes(of: PathText.text(name))
      if !FolderListing.isClutter(bytes) { names.append(bytes) }
    }
    platform_directory_close(directory)
    names = names.inOrder { $0.lexicographicallyPrecedes($1) }
    let prefix = folder.utf8.last == UInt8(ascii: "/") ? folder : folder + "/"
    entries = names.map { bytes in
      let name = bytes.withUnsafeBufferPointer { PathText.text($0) }
      let path = prefix + name
      return Entry(name: name, path: path, kind: FolderListing.kind(path, suffix: FolderListing.suffix(bytes)))
    }
  }

  private static func kind(_ path: String, suffix: String) -> Kind {
    switch FileKind(path) {
    case .folder(let identity): return .folder(identity)
    case .file:
      let named = PictureFormat.named(suffix: suffix)
      // Not opened here: whoever reads it looks at its first bytes.
      if named?.decoder != nil { return .picture }
      guard let format = PictureFormat.ofFile(path) ?? named else { return .leftOut(.notPicture) }
      return format.decoder != nil ? .picture : .leftOut(.unread(format.name, advice: format.advice))
    case .other, .unreadable:
      return .leftOut(PictureFormat.named(suffix: suffix) != nil ? .unreadable : .notPicture)
    }
  }

  private static func isClutter(_ name: [UInt8]) -> Bool {
    if name.first == UInt8(ascii: ".") { return true }
    let name = lowercased(name[...])
    return name == "thumbs.db" || name == "desktop.ini"
  }

  /// The part after the last dot.
  private static func suffix(_ name: [UInt8]) -> String {
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return "" }
    return lowercased(name[(dot + 1)...])
  }

  private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }, as: UTF8.self)
  }
}

/// A set of folders by identity.
struct FolderSet {
  /// Sorted.
  private var known: [FileKind.Identity] = []

  /// Returns false if the folder was already in the set.
  mutating func insert(_ identity: FileKind.Identity) -> Bool {
    var (low, high) = (0, known.count)
    while low < high {
      let middle = (low + high) / 2
      let (a, b) = (known[middle], identity)
      if a.device == b.device, a.inode == b.inode { return false }
      if (a.device, a.inode) < (b.device, b.inode) { low = middle + 1 } else { high = middle }
    }
    known.insert(identity, at: low)
    return true
  }
}
