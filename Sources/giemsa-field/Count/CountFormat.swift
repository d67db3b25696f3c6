import Giemsa
import Text

/// The output format of `count`.
struct CountFormat {
  let kind: AnswerFormat.Kind
  private let table: CountTable
  private let json: CountJSON

  init(_ kind: AnswerFormat.Kind, pathWidth: Int, stamp: CountStamp) {
    self.kind = kind
    table = CountTable(pathWidth: pathWidth)
    json = CountJSON(stamp: stamp)
  }

  var header: String {
    switch kind {
    case .table: table.header
    case .csv: CountCSV.header
    case .jsonl: ""
    }
  }

  func field(_ line: CountedLine) -> String {
    switch kind {
    case .table: table.field(line)
    case .csv(let isRaw): CountCSV.field(line, isRaw: isRaw)
    case .jsonl: json.field(line)
    }
  }

  func slides(_ lines: [SlideLine]) -> String {
    switch kind {
    case .table: return "\n" + CountTable.slides(lines)
    case .csv(let isRaw): return lines.reduce("") { $0 + CountCSV.slide($1, isRaw: isRaw) }
    case .jsonl: return lines.reduce("") { $0 + json.slide($1) }
    }
  }
}
