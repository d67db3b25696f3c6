import Text

/// A CSV file with a header and a line per box. The columns are found by their names: the picture's (`filename`, `image`,
/// `path`), the category's (`class`, `label`, `name`), and `xmin, ymin, xmax, ymax` (or `x1, y1, x2, y2`) or `x, y,
/// width, height` in pixels. Commas, semicolons or tabs separate.
enum CSVBoxes {
  private static let pictures = [
    "filename", "file_name", "image", "image_name", "path", "file", "image_path", "picture",
  ]
  private static let categories = ["class", "label", "category", "class_name", "name", "cell_type"]

  /// The columns' places.
  private struct Columns {
    var picture: Int
    var category: Int
    /// Left, top, and right and bottom or width and height.
    var numbers: [Int]
    var hasCorners: Bool
    /// Of the picture's own width and height.
    var size: [Int]

    init?(_ names: [String]) {
      func place(_ known: [String]) -> Int? { known.lazy.compactMap { names.firstIndex(of: $0) }.first }
      func places(_ known: [String]) -> [Int]? {
        let found = known.compactMap { names.firstIndex(of: $0) }
        return found.count == known.count ? found : nil
      }
      guard let picture = place(CSVBoxes.pictures), let category = place(CSVBoxes.categories) else { return nil }
      (self.picture, self.category) = (picture, category)
      if let corners = places(["xmin", "ymin", "xmax", "ymax"]) ?? places(["x1", "y1", "x2", "y2"])
        ?? places(["x_min", "y_min", "x_max", "y_max"])
      {
        (numbers, hasCorners) = (corners, true)
        size = places(["width", "height"]) ?? places(["image_width", "image_height"]) ?? []
      } else if let box = places(["x", "y", "width", "height"]) ?? places(["x", "y", "w", "h"])
        ?? places(["bbox_x", "bbox_y", "bbox_width", "bbox_height"])
      {
        (numbers, hasCorners) = (box, false)
        size = places(["image_width", "image_height"]) ?? []
      } else {
        return nil
      }
    }
  }

  /// - Parameter path: for messages.
  static func read(_ bytes: [UInt8], _ path: String) throws -> AnnotatedFields {
    let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
    let lines = String(decoding: content, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: { $0.isNewline })
    let header = lines.first.map { String($0) } ?? ""
    let separator: Character = [",", ";", "\t"].first { header.contains($0) } ?? ","
    func cells(_ line: Substring) -> [String]? {
      separator == "," || line.contains(",") && line.contains("\"")
        ? CSVText.cells(String(line))
        : line.split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
    }
    let names = (cells(header[...]) ?? []).map { trimmed($0).lowercased() }
    guard let columns = Columns(names) else {
      throw DatasetError(
        "\(path): its first line names no columns that we know; needed are filename, class, and xmin, ymin, xmax, ymax or "
          + "x, y, width, height (COCO, YOLO and Pascal VOC are read too)")
    }
    var found = AnnotatedFields()
    var places: [ExactText: Int] = [:]
    for (number, line) in lines.enumerated().dropFirst() where !line.allSatisfy({ $0.isWhitespace }) {
      func fail(_ why: String) -> DatasetError { DatasetError("\(path): line \(number + 1) \(why)") }
      guard let cells = cells(line), cells.count >= names.count else {
        throw fail("has fewer cells than the header, or a quote that is not closed")
      }
      let name = trimmed(cells[columns.picture])
      guard !name.isEmpty else { throw fail("names no picture") }
      var numbers: [Double] = []
      for column in columns.numbers {
        guard let value = Double(trimmed(cells[column])) else { throw fail("has '\(cells[column])' for a number") }
        numbers.append(value)
      }
      if columns.hasCorners {
        numbers[2] -= numbers[0]
        numbers[3] -= numbers[1]
      }
      let box = AnnotatedBox(
        trimmed(cells[columns.category]), x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
      if let problem = AnnotatedFields.problem(box) { throw fail("has \(problem)") }
      let key = ExactText(name)
      if places[key] == nil {
        places[key] = found.fields.count
        var field = AnnotatedField(name: name)
        let size = columns.size.compactMap { Int(trimmed(cells[$0])) }
        if size.count == 2, size[0] > 0, size[1] > 0 { field.size = (size[0], size[1]) }
        found.fields.append(field)
      }
      if let place = places[key] { found.fields[place].boxes.append(box) }
    }
    return found
  }

  private static func trimmed(_ text: String) -> String {
    var text = text[...].drop { $0.isWhitespace }
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return String(text)
  }
}
