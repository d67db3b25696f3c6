import Imaging
import Text

/// The boxes of many fields, from a file or folder of one of the usual formats; which one, its content tells.
///
/// | format | where |
/// |---|---|
/// | COCO | one JSON file |
/// | CSV | one file with a header |
/// | Pascal VOC | a folder with an XML file per field, or one such file |
/// | YOLO | a folder with a text file per field, or one such file; the names in `classes.txt` or `obj.names` |
public struct AnnotationSet: Sendable {
  public enum Format: String, Sendable {
    case coco = "COCO"
    case csv = "CSV"
    case voc = "Pascal VOC"
    case yolo = "YOLO"
  }

  public let path: String
  public let format: Format
  /// Boxes around groups of objects, which are left out.
  public let groups: Int
  private let fields: [AnnotatedField]
  /// Indices into `fields` by the last component of their names, and by that without its suffix.
  private let byName: [ExactText: [Int]]
  private let byStem: [ExactText: [Int]]

  /// Reads all boxes. Throws one line that says what is wrong and where.
  public init(_ path: String) throws {
    var found: AnnotatedFields
    switch FileKind(path) {
    case .unreadable(let reason): throw DatasetError("\(path): \(reason)")
    case .other: throw DatasetError("\(path): not a file")
    case .folder:
      if let files = try AnnotationSet.files(path, suffix: "xml") {
        (format, found) = (.voc, try VOCFiles.read(files))
      } else if let files = try AnnotationSet.files(path, suffix: "txt") {
        (format, found) = (.yolo, try YOLOFiles.read(files, names: try YOLOFiles.names(beside: path)))
      } else {
        throw DatasetError(
          "\(path): has neither YOLO's .txt files nor Pascal VOC's .xml files; of COCO or CSV name the file itself")
      }
    case .file:
      let bytes = try WholeFile.bytes(path, limit: AnnotatedFields.fileLimit)
      switch bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }) {
      case UInt8(ascii: "{"): (format, found) = (.coco, try COCOFile.read(bytes, path))
      case UInt8(ascii: "<"): (format, found) = (.voc, try VOCFiles.read([path]))
      case nil: throw DatasetError("\(path): an empty file")
      default:
        if YOLOFiles.isLine(bytes) {
          let folder = path.utf8.contains(UInt8(ascii: "/")) ? PathText.folder(path) : "."
          (format, found) = (.yolo, try YOLOFiles.read([path], names: try YOLOFiles.names(beside: folder)))
        } else {
          (format, found) = (.csv, try CSVBoxes.read(bytes, path))
        }
      }
    }
    self.path = path
    fields = found.fields
    groups = found.groups
    byName = Dictionary(grouping: fields.indices) { [fields] in ExactText(PathText.lastComponent(fields[$0].name)) }
    byStem = Dictionary(grouping: fields.indices) { [fields] in ExactText(PathText.stem(fields[$0].name)) }
  }

  /// The folder's files of a suffix, without lists of class names; nil if there are none.
  private static func files(_ folder: String, suffix: String) throws -> [String]? {
    let files = try FolderListing(folder).entries.filter {
      let name = $0.name.lowercased()
      return !$0.isFolder && name.hasSuffix(".\(suffix)") && !YOLOFiles.nameFiles.contains(name)
    }
    return files.isEmpty ? nil : files.map { $0.path }
  }

  /// Number of fields and of boxes.
  public var fieldCount: Int { fields.count }
  public var boxCount: Int { fields.reduce(0) { $0 + $1.boxes.count } }

  /// The categories of all boxes with their numbers, the most frequent first.
  public var categories: [(name: String, count: Int)] {
    var counts: [ExactText: (name: String, count: Int)] = [:]
    for field in fields {
      for box in field.boxes { counts[ExactText(box.category), default: (box.category, 0)].count += 1 }
    }
    return counts.values.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  /// The number of a picture's field, for ``boxes(_:width:height:)``; nil if the set has none for it.
  ///
  /// A field belongs to the picture whose file name it has, or, if there is none, whose name without the suffix it has.
  /// Of several, to the one that has most of its folders in common. Throws if that does not decide.
  ///
  /// - Parameter picture: the picture's path.
  public func field(of picture: String) throws -> Int? {
    let candidates =
      byName[ExactText(PathText.lastComponent(picture))] ?? byStem[ExactText(PathText.stem(picture))] ?? []
    guard candidates.count > 1 else { return candidates.first }
    let own = PathText.components(picture)
    let common = candidates.map { index in
      zip(PathText.components(fields[index].name).dropLast().reversed(), own.dropLast().reversed())
        .prefix { $0.isExactly($1) }.count
    }
    let most = common.max() ?? 0
    let best = candidates.indices.filter { common[$0] == most }
    guard best.count == 1 else {
      throw DatasetError(
        "\(path): has boxes for \(best.count) pictures named \(PathText.lastComponent(picture)); make the names unique")
    }
    return candidates[best[0]]
  }

  /// The boxes of a field in pixels, cut off at the picture's border. Throws if the file says that the picture has
  /// another size, or if a box lies outside.
  public func boxes(_ field: Int, width: Int, height: Int) throws -> [AnnotatedBox] {
    let field = fields[field]
    if let size = field.size, size.width != width || size.height != height {
      throw DatasetError(
        "\(path): the boxes of \(field.name) are for \(size.width) × \(size.height) pixels, the picture has "
          + "\(width) × \(height); was it resized or turned?")
    }
    let scale = field.isFractional ? (Double(width), Double(height)) : (1, 1)
    return try field.boxes.map { box in
      let scaled = AnnotatedBox(
        box.category, x: box.x * scale.0, y: box.y * scale.1, width: box.width * scale.0, height: box.height * scale.1)
      guard let clipped = scaled.clipped(width: width, height: height) else {
        throw DatasetError("\(path): \(field.name) has a box outside the picture's \(width) × \(height) pixels")
      }
      return clipped
    }
  }

  /// The name of a field in the file.
  public func name(_ field: Int) -> String { fields[field].name }
}

extension PathText {
  /// The last component without the part from its last dot on.
  static func stem(_ path: String) -> String {
    let name = lastComponent(path)
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.utf8.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The components between slashes and backslashes, as annotations made on Windows have them.
  static func components(_ path: String) -> [String] {
    path.unicodeScalars.split { $0 == "/" || $0 == "\\" }.map { String($0) }
  }
}
