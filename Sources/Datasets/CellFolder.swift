import Imaging
import PictureModels
import Text

/// A folder with one subfolder of pictures per class. Everything is sorted by name, so that the same folder gives
/// the same indices on every machine. Paths and names are in ``PathText``'s form.
public struct CellFolder: Sendable {
  public struct Item: Sendable, Equatable {
    public var path: String
    /// Index into ``CellFolder/classes``.
    public var label: Int
    /// The slide that the cell was cut from: the part of the file name before `_IMG` or `_cell`; empty if it has
    /// neither.
    public var slide: String

    public init(path: String, label: Int, slide: String) {
      self.path = path
      self.label = label
      self.slide = slide
    }
  }

  public let path: String
  /// The class names: the subfolders' names.
  public let classes: [String]
  /// The pictures, ordered by class and then by name.
  public let items: [Item]
  /// Names, relative to ``path``, of ignored entries: files in a class folder that are not pictures of a format that is
  /// read, folders in a class folder, and pictures beside the class folders. Hidden files and system files such as
  /// `Thumbs.db` are not listed.
  public let leftOut: [String]
  /// How the pictures were cut out of fields, as ``cutFile`` says; nil without that file.
  public let cut: CellCut?

  /// The file in which `giemsa cut` records how the pictures were cut.
  public static let cutFile = "cell.txt"

  /// Lists the folder.
  ///
  /// - Parameter progress: called from time to time with the number of pictures found.
  public init(_ path: String, progress: (Int) -> Void = { _ in }) throws {
    switch FileKind(path) {
    case .folder: break
    case .file, .other: throw DatasetError("\(path): a file; give a folder with one subfolder per class")
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
        "\(path): only one class (\(classes[0])); a classifier needs two or more. "
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
          ? "it is empty"
          : "it has \(counted(files.count, "entry", "entries")), none of them a picture that is read "
            + "(\(PictureFile.formatsRead))"
        throw DatasetError("\(folder): a class without pictures (\(found)). Fill the folder or remove it")
      }
    }
    cut = try CellFolder.cut(of: path)
    self.path = path
    self.classes = classes
    self.items = items
    self.leftOut = leftOut
  }

  /// How the cells in a folder were cut, as its ``cutFile`` says; nil without that file.
  public static func cut(of path: String) throws -> CellCut? {
    let file = "\(path)/\(cutFile)"
    guard FileKind(file).exists else { return nil }
    let text = String(decoding: try WholeFile.bytes(file, limit: 1024), as: UTF8.self)
    guard let line = text.split(whereSeparator: { $0.isNewline }).first, let cut = CellCut(String(line)) else {
      throw DatasetError(
        "\(file): does not say how the cells were cut, as 'real 0.15' does; write it again with giemsa cut, or remove it"
      )
    }
    return cut
  }

  /// Number of pictures of each class.
  public var counts: [Int] { CellFolder.counts(items, classes: classes.count) }

  static func counts(_ items: [Item], classes: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classes)
    for item in items { counts[item.label] += 1 }
    return counts
  }

  /// `CLASS/FILE`, which does not depend on where the folder is.
  public func name(of item: Item) -> String { "\(classes[item.label])/\(PathText.lastComponent(item.path))" }

  /// A warning about the ignored entries: their number and the first twenty names; nil if there are none.
  public var leftOutWarning: String? {
    guard !leftOut.isEmpty else { return nil }
    return "warning: \(path.printable): left out \(counted(leftOut.count, "entry", "entries")) that "
      + "\(leftOut.count == 1 ? "is not a picture" : "are not pictures") of a class "
      + "(\(NameList.text(leftOut.map { $0.printable }))); convert pictures to \(PictureFile.formatsRead)"
  }

  /// `C101P62ThinF_IMG_20150918_151006_cell_65.png` is from slide `C101P62ThinF`.
  public static func slide(of fileName: String) -> String { SlideName.of(fileName) }
}
