import Text

/// A text table: printable cells in columns as wide as their widest cell.
struct TextTable {
  enum Alignment { case left, right }

  private let alignments: [Alignment]
  private var rows: [[String]] = []
  /// Rows with a rule below them.
  private var ruled: [Int] = []

  init(_ columns: [(title: String, alignment: Alignment)]) {
    alignments = columns.map { $0.alignment }
    rows.append(columns.map { $0.title })
    ruled.append(0)
  }

  mutating func add(_ row: [String]) { rows.append(row.map { $0.printable }) }

  /// Adds a rule below the last row.
  mutating func rule() { ruled.append(rows.count - 1) }

  var text: String {
    var widths = [Int](repeating: 0, count: alignments.count)
    for row in rows {
      for (column, cell) in row.enumerated() { widths[column] = max(widths[column], TextTable.width(cell)) }
    }
    var text = ""
    for (index, row) in rows.enumerated() {
      var line = ""
      for (column, cell) in row.enumerated() {
        if column > 0 { line += "  " }
        let space = String(repeating: " ", count: widths[column] - TextTable.width(cell))
        switch alignments[column] {
        case .left: line += column == row.count - 1 ? cell : cell + space
        case .right: line += space + cell
        }
      }
      text += line + "\n"
      if ruled.contains(index) {
        text += String(repeating: "-", count: widths.reduce(2 * (widths.count - 1)) { $0 + $1 }) + "\n"
      }
    }
    return text
  }

  private static func width(_ cell: String) -> Int { cell.unicodeScalars.reduce(0) { count, _ in count + 1 } }
}
