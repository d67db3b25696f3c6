import Imaging
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
  /// Names, from ``path`` on, of what is not looked at: files of a class that are no PNG pictures, folders in a class, and pictures
  /// beside the class folders. Hidden files and those that systems leave behind are none of these.
  public let leftOut: [String]

  /// Lists the folder.
  ///
  /// - Parameter progress: told from time to time how many pictures were found.
  public init(_ path: String, progress: (Int) -> Void = { _ in }) throws {
    switch FileKind(path) {
    case .folder: break
    case .file, .other: throw DatasetError("\(path): a file; a folder with one subfolder per class is wanted")
    case .unreadable: throw DatasetError("\(path): no such folder")
    }
    var classes: [String] = []
    var leftOut: [String] = []
    for entry in try FolderListing(path).entries {
      if entry.isFolder {
        classes.append(entry.name)
      } else if entry.isPicture || entry.isOtherPicture {
        leftOut.append(entry.name)
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
      let files = try FolderListing(folder).entries
      let before = items.count
      for file in files {
        guard file.isPicture else {
          leftOut.append("\(name)/\(file.name)")
          continue
        }
        items.append(Item(path: "\(folder)/\(file.name)", label: label, slide: CellFolder.slide(of: file.name)))
        if items.count % 256 == 0 { progress(items.count) }
      }
      guard items.count > before else {
        let found =
          files.isEmpty
          ? "it is empty" : "it has \(counted(files.count, "entry", "entries")), none of them a PNG picture"
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

  /// What was left out, for a person: how much it is and the first twenty by name; nil where it is nothing.
  public var leftOutWarning: String? {
    guard !leftOut.isEmpty else { return nil }
    return "warning: \(path.printable): left out \(counted(leftOut.count, "entry", "entries")) that "
      + "\(leftOut.count == 1 ? "is not a" : "are not") PNG \(leftOut.count == 1 ? "picture" : "pictures") of a class "
      + "(\(NameList.text(leftOut.map { $0.printable }))); convert pictures to PNG"
  }

  /// `C101P62ThinF_IMG_20150918_151006_cell_65.png` is from slide `C101P62ThinF`.
  public static func slide(of fileName: String) -> String {
    let bytes = Array(fileName.utf8)
    for marker in ["_IMG", "_cell"] {
      let marker = Array(marker.utf8)
      var at = 0
      while at + marker.count <= bytes.count {
        // Markers are ASCII: what is before one is whole UTF-8.
        if bytes[at..<(at + marker.count)].elementsEqual(marker) {
          return String(decoding: bytes[..<at], as: UTF8.self)
        }
        at += 1
      }
    }
    return ""
  }
}
