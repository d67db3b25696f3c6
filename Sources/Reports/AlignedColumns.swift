import Text

/// Tables for a terminal: rows of printable cells in columns as wide as their widest cell.
public enum AlignedColumns {
  /// A line for each row, without blanks at its end. Columns in `left` are left-aligned, all others right-aligned.
  public static func lines(_ rows: [[String]], left: Set<Int>) -> [String] {
    let rows = rows.map { $0.map { $0.printable } }
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let blanks = String(repeating: " ", count: widths[column] - cell.count)
        line += (column == 0 ? "" : "  ") + (left.contains(column) ? cell + blanks : blanks + cell)
      }
      return trimmed(line)
    }
  }

  /// The same lines, each with its end.
  public static func text(_ rows: [[String]], left: Set<Int>) -> String {
    lines(rows, left: left).reduce("") { $0 + $1 + "\n" }
  }
}
