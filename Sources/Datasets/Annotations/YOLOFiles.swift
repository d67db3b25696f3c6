import Imaging
import Text

/// YOLO's text files, one per field: a line per object, `CLASS X Y WIDTH HEIGHT` with the box's centre and size in
/// fractions of the picture's sides, perhaps followed by a confidence; or `CLASS X Y X Y …`, the corners of a polygon,
/// whose bounding box counts. https://docs.ultralytics.com/datasets/detect
enum YOLOFiles {
  /// Files with the classes' names, a line each.
  static let nameFiles = ["classes.txt", "obj.names", "_darknet.labels"]

  /// The names in the folder or in the one above it; empty if there is no list: categories are called by their numbers.
  static func names(beside folder: String) throws -> [String] {
    for place in [folder, "\(folder)/.."] {
      for name in nameFiles {
        let file = "\(place)/\(name)"
        guard FileKind(file).exists else { continue }
        let text = String(decoding: try WholeFile.bytes(file, limit: 1 << 20), as: UTF8.self)
        var names = text.split(omittingEmptySubsequences: false) { $0.isNewline }.map { trimmed($0) }
        while names.last?.isEmpty ?? false { names.removeLast() }
        return names
      }
    }
    return []
  }

  static func read(_ files: [String], names: [String]) throws -> AnnotatedFields {
    var found = AnnotatedFields()
    for file in files {
      let text = String(decoding: try WholeFile.bytes(file, limit: AnnotatedFields.fieldFileLimit), as: UTF8.self)
      var field = AnnotatedField(name: PathText.stem(file), isFractional: true)
      for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: { $0.isNewline }).enumerated()
      {
        let words = line.split { $0.isWhitespace }
        if words.isEmpty { continue }
        func fail(_ why: String) -> DatasetError { DatasetError("\(file): line \(number + 1) \(why)") }
        guard let label = Int(words[0]), label >= 0, words.count >= 5 else {
          throw fail("is not YOLO's CLASS X Y WIDTH HEIGHT")
        }
        var numbers: [Double] = []
        for word in words.dropFirst() {
          guard let value = Double(word), value.isFinite, value >= -0.5, value <= 1.5 else {
            throw fail("has '\(word)', which is no fraction of the picture's side")
          }
          numbers.append(value)
        }
        guard names.isEmpty || label < names.count && !names[label].isEmpty else {
          throw fail("has class \(label), which the list of names does not have")
        }
        let category = names.isEmpty ? "\(label)" : names[label]
        guard let box = box(category, numbers) else { throw fail("has neither a box nor a polygon") }
        if let problem = AnnotatedFields.problem(box) { throw fail("has \(problem)") }
        field.boxes.append(box)
      }
      found.fields.append(field)
    }
    return found
  }

  private static func box(_ category: String, _ numbers: [Double]) -> AnnotatedBox? {
    if numbers.count <= 5 {
      let (width, height) = (numbers[2], numbers[3])
      return AnnotatedBox(
        category, x: numbers[0] - width / 2, y: numbers[1] - height / 2, width: width, height: height)
    }
    guard numbers.count % 2 == 0 else { return nil }
    let across = stride(from: 0, to: numbers.count, by: 2).map { numbers[$0] }
    let down = stride(from: 1, to: numbers.count, by: 2).map { numbers[$0] }
    guard let left = across.min(), let right = across.max(), let top = down.min(), let bottom = down.max() else {
      return nil
    }
    return AnnotatedBox(category, x: left, y: top, width: right - left, height: bottom - top)
  }

  /// Whether a file begins like one of YOLO's.
  static func isLine(_ bytes: [UInt8]) -> Bool {
    let line = String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }.prefix(4096), as: UTF8.self)
    let words = line.split { $0.isWhitespace }
    return words.count >= 5 && Int(words[0]) != nil && words.dropFirst().allSatisfy { Double($0) != nil }
  }

  private static func trimmed(_ line: Substring) -> String {
    var line = line.drop { $0.isWhitespace }
    while line.last?.isWhitespace ?? false { line.removeLast() }
    return String(line)
  }
}
