import Platform
import Text

/// A folder with one subfolder a class, each full of PNG pictures. Everything sorted by name, so that the same folder
/// gives the same indices on every machine. Paths and names are those of ``PathText``.
public struct CellFolder: Sendable {
  public struct Item: Sendable, Equatable {
    public var path: String
    /// Index into ``CellFolder/classes``.
    public var label: Int
    /// The slide the cell was cut from: the file's name before `_IMG` or `_cell`; empty where it has neither.
    public var slide: String

    public init(path: String, label: Int, slide: String) {
      self.path = path
      self.label = label
      self.slide = slide
    }
  }

  public let path: String
  /// The subfolders' names.
  public let classes: [String]
  /// By class, and within a class by name.
  public let items: [Item]
  /// Names, from ``path`` on, of what is not looked at: files of a class that are no `.png`, folders in a class, and pictures
  /// beside the class folders. Hidden files and those that systems leave behind are none of these.
  public let leftOut: [String]

  /// Lists the folder.
  public init(_ path: String) throws {
    switch CellFolder.kind(path) {
    case PLATFORM_IS_DIRECTORY: break
    case PLATFORM_IS_FILE, PLATFORM_IS_OTHER:
      throw DatasetError("\(path): a file; a folder with one subfolder per class is wanted")
    default: throw DatasetError("\(path): no such folder")
    }
    var classes: [String] = []
    var leftOut: [String] = []
    for name in try CellFolder.names(in: path) {
      if CellFolder.kind("\(path)/\(name)") == PLATFORM_IS_DIRECTORY {
        classes.append(name)
      } else if CellFolder.isPicture(name) {
        leftOut.append(name)
      }
    }
    guard !classes.isEmpty else {
      throw DatasetError("\(path): no class folders; put the pictures of each class into a subfolder named after it")
    }
    guard classes.count > 1 else {
      throw DatasetError(
        "\(path): one class only (\(classes[0])); a classifier needs two or more. "
          + "Give the folder that holds the class folders")
    }
    var items: [Item] = []
    for (label, name) in classes.enumerated() {
      let folder = "\(path)/\(name)"
      let files = try CellFolder.names(in: folder)
      let before = items.count
      for file in files {
        let picture = "\(folder)/\(file)"
        if CellFolder.hasEnding(file, ["png"]), CellFolder.kind(picture) != PLATFORM_IS_DIRECTORY {
          items.append(Item(path: picture, label: label, slide: CellFolder.slide(of: file)))
        } else {
          leftOut.append("\(name)/\(file)")
        }
      }
      guard items.count > before else {
        let found =
          files.isEmpty ? "it is empty" : "it has \(counted(files.count, "entry", "entries")), none of them a .png"
        throw DatasetError("\(folder): a class without pictures (\(found)). Fill the folder or remove it")
      }
    }
    self.path = path
    self.classes = classes
    self.items = items
    self.leftOut = leftOut
  }

  /// Pictures of each class.
  public var counts: [Int] { CellFolder.counts(items, classes: classes.count) }

  static func counts(_ items: [Item], classes: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classes)
    for item in items { counts[item.label] += 1 }
    return counts
  }

  /// `CLASS/FILE`, which stays the same wherever the folder lies.
  public func name(of item: Item) -> String { "\(classes[item.label])/\(PathText.lastComponent(item.path))" }

  /// Whether the names of all classes are these, byte for byte: names that Unicode takes for equal are not the same.
  public static func isSame(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

  /// What was left out, for a person: how much it is and the first twenty by name; nil where it is nothing.
  public var leftOutWarning: String? {
    guard !leftOut.isEmpty else { return nil }
    let names = leftOut.prefix(20).map { $0.printable }.joined(separator: ", ")
    let more = leftOut.count > 20 ? ", and \(leftOut.count - 20) more" : ""
    return "warning: \(path.printable): left out \(counted(leftOut.count, "entry", "entries")) that "
      + "\(leftOut.count == 1 ? "is not a" : "are not") PNG \(leftOut.count == 1 ? "picture" : "pictures") of a class "
      + "(\(names)\(more)); convert pictures to PNG"
  }

  /// `C101P62ThinF_IMG_20150918_151006_cell_65.png` is from slide `C101P62ThinF`.
  public static func slide(of fileName: String) -> String {
    let bytes = Array(fileName.utf8)
    for marker in ["_IMG", "_cell"] {
      let marker = Array(marker.utf8)
      var at = 0
      while at + marker.count <= bytes.count {
        // Markers are ASCII: what is before one is whole UTF-8.
        if bytes[at..<(at + marker.count)].elementsEqual(marker) { return String(decoding: bytes[..<at], as: UTF8.self) }
        at += 1
      }
    }
    return ""
  }

  /// Sorted by bytes, not by a locale's alphabet; without hidden files and what systems leave behind.
  private static func names(in folder: String) throws -> [String] {
    var error: Int32 = 0
    guard let directory = folder.withPath({ platform_directory_open($0, &error) }) else {
      throw DatasetError("\(folder): cannot be listed (\(String(cString: platform_error_text(error))))")
    }
    defer { platform_directory_close(directory) }
    var names: [(bytes: [UInt8], text: String)] = []
    while let name = platform_directory_next(directory) {
      let text = PathText.text(name)
      guard text.utf8.first != UInt8(ascii: "."), !strays.contains(text.lowercased()) else { continue }
      names.append((PathText.bytes(of: text), text))
    }
    return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map { $0.text }
  }

  private static let strays: Set<String> = ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx"]

  private static func kind(_ path: String) -> Int32 {
    var (device, inode) = (UInt64(0), UInt64(0))
    return path.withPath { platform_path_kind($0, &device, &inode) }
  }

  private static func isPicture(_ name: String) -> Bool {
    hasEnding(
      name,
      [
        "png", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "bmp", "dib", "gif", "webp", "heic", "heif", "avif", "jp2",
        "jxl", "pnm", "ppm", "pgm", "tga", "svs", "ndpi", "czi", "dcm",
      ])
  }

  private static func hasEnding(_ name: String, _ endings: Set<String>) -> Bool {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
    return endings.contains(String(name[name.utf8.index(after: dot)...]).lowercased())
  }
}
