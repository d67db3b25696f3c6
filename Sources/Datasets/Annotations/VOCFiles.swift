import Foundation
import Text

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Pascal VOC's XML files, one per field: `annotation` with `size` and, per `object`, its `name` and `bndbox` (`xmin`,
/// `ymin`, `xmax`, `ymax`). http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/index.html
///
/// Whether the last column and row belong to the box, tools disagree; here they do not: width = xmax − xmin.
enum VOCFiles {
  static func read(_ files: [String]) throws -> AnnotatedFields {
    var found = AnnotatedFields()
    for file in files {
      let bytes = try WholeFile.bytes(file, limit: AnnotatedFields.fieldFileLimit)
      // No annotation declares entities, and expanding them could take all memory.
      guard !contains(bytes, Array("<!DOCTYPE".utf8)), !contains(bytes, Array("<!ENTITY".utf8)) else {
        throw DatasetError("\(file): declares a document type or entities, which a Pascal VOC file does not need")
      }
      guard let plain = withoutDeclaration(bytes) else {
        throw DatasetError("\(file): is not in UTF-8; save it in that encoding")
      }
      let parser = XMLParser(data: Data(plain))
      let reader = Reader()
      parser.delegate = reader
      // After some errors it returns true all the same; `isDamaged` tells.
      let isWhole = parser.parse() && !reader.isDamaged
      func fail(_ why: String) -> DatasetError { DatasetError("\(file): line \(parser.lineNumber): \(why)") }
      if let problem = reader.problem { throw fail(problem) }
      guard isWhole else { throw fail("damaged XML") }
      guard reader.isAnnotation else { throw DatasetError("\(file): not a Pascal VOC annotation") }
      reader.field.name = PathText.stem(file)
      found.fields.append(reader.field)
    }
    return found
  }

  /// The bytes with blanks for the declaration (`<?xml … ?>`), which may name another encoding; nil if they are not UTF-8.
  ///
  /// XMLParser traps on names that are not.
  private static func withoutDeclaration(_ bytes: [UInt8]) -> [UInt8]? {
    guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
    var bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes[3...]) : bytes
    guard bytes.starts(with: "<?xml".utf8) else { return bytes }
    for index in bytes.indices {
      let isEnd = bytes[index] == UInt8(ascii: ">")
      // Line breaks stay, since messages number lines.
      if bytes[index] != 0x0A, bytes[index] != 0x0D { bytes[index] = 0x20 }
      if isEnd { break }
    }
    return bytes
  }

  private static func contains(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
    guard bytes.count >= word.count else { return false }
    return bytes.indices.dropLast(word.count - 1).contains { start in
      bytes[start] == word[0] && bytes[start..<(start + word.count)].elementsEqual(word)
    }
  }

  private final class Reader: NSObject, XMLParserDelegate {
    var field = AnnotatedField(name: "")
    var isAnnotation = false
    private(set) var problem: String?
    /// Whether the XML is malformed. The parser goes on for a while then, with elements that are not in the file.
    private(set) var isDamaged = false
    /// The open elements, and the text of the innermost one.
    private var path: [String] = []
    private var text = ""
    private var size: [String: Double] = [:]
    private var name = ""
    private var corners: [String: Double] = [:]

    func parser(
      _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      path.append(element)
      text = ""
      if path == ["annotation"] { isAnnotation = true }
      if path == ["annotation", "object"] { (name, corners) = ("", [:]) }
      if path.count > 64 { fail(parser, "elements nested too deeply") }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
      // The texts that count are names and numbers.
      if text.utf8.count <= 4096 { text += string }
    }

    func parser(
      _ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?
    ) {
      let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
      switch path {
      case ["annotation", "size", "width"], ["annotation", "size", "height"]: size[element] = Double(value)
      case ["annotation", "object", "name"]: name = value
      case ["annotation", "object", "bndbox", element]:
        guard let number = Double(value) else { return fail(parser, "<\(element)> is not a number") }
        corners[element] = number
      case ["annotation", "object"]: close(parser)
      case ["annotation"]:
        if let width = size["width"].flatMap({ Int(exactly: $0) }),
          let height = size["height"].flatMap({ Int(exactly: $0) }),
          width > 0, height > 0
        {
          field.size = (width, height)
        }
      default: break
      }
      path.removeLast()
      text = ""
    }

    private func close(_ parser: XMLParser) {
      guard let left = corners["xmin"], let top = corners["ymin"], let right = corners["xmax"],
        let bottom = corners["ymax"]
      else { return fail(parser, "an object without xmin, ymin, xmax and ymax") }
      let box = AnnotatedBox(name, x: left, y: top, width: right - left, height: bottom - top)
      if let problem = AnnotatedFields.problem(box) { return fail(parser, problem) }
      field.boxes.append(box)
    }

    func parser(_ parser: XMLParser, parseErrorOccurred error: any Error) {
      if problem == nil { isDamaged = true }
    }

    private func fail(_ parser: XMLParser, _ why: String) {
      if problem == nil, !isDamaged { problem = why }
      parser.abortParsing()
    }
  }
}
