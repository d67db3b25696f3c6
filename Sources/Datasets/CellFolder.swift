import Foundation

/// A folder with one subfolder a class, each full of PNG pictures. Everything sorted by name, so that the same folder
/// gives the same indices on every machine.
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

  /// Lists the folder. Files that do not end in `.png` and hidden ones are left aside.
  public init(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DatasetError("\(path): no such folder")
    }
    guard isFolder.boolValue else {
      throw DatasetError("\(path): a file; a folder with one subfolder per class is wanted")
    }
    let classes = try CellFolder.names(in: path).filter { CellFolder.isFolder("\(path)/\($0)") }
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
      let pictures = files.filter { $0.lowercased().hasSuffix(".png") && !CellFolder.isFolder("\(folder)/\($0)") }
      guard !pictures.isEmpty else {
        let found = files.isEmpty ? "it is empty" : "it has \(files.count) entries, none of them a .png"
        throw DatasetError("\(folder): a class without pictures (\(found)). Fill the folder or remove it")
      }
      for picture in pictures {
        items.append(Item(path: "\(folder)/\(picture)", label: label, slide: CellFolder.slide(of: picture)))
      }
    }
    self.path = path
    self.classes = classes
    self.items = items
  }

  /// Pictures of each class.
  public var counts: [Int] { CellFolder.counts(items, classes: classes.count) }

  static func counts(_ items: [Item], classes: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classes)
    for item in items { counts[item.label] += 1 }
    return counts
  }

  /// `C101P62ThinF_IMG_20150918_151006_cell_65.png` is from slide `C101P62ThinF`.
  public static func slide(of fileName: String) -> String {
    for marker in ["_IMG", "_cell"] {
      if let range = fileName.range(of: marker) { return String(fileName[..<range.lowerBound]) }
    }
    return ""
  }

  private static func names(in folder: String) throws -> [String] {
    do {
      // By bytes, not by a locale's alphabet.
      return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
        .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    } catch {
      throw DatasetError("\(folder): cannot be listed (permission?)")
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }
}
