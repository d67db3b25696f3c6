import Text

/// What `bench` measured: a line for each name and value.
enum BenchTable {
  static func text(_ rows: [(name: String, value: String)]) -> String {
    var lines: [String] = []
    for row in rows { lines.append(AnswerFormat.pad(row.name, 20) + row.value) }
    return lines.joined(separator: "\n")
  }
}
