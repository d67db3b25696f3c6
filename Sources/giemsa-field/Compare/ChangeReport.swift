import Giemsa
import Text

/// What `compare` found, as tables that are printed as text, Markdown or JSON.
struct ChangeReport {
  private struct Table {
    let title: String
    let columns: [String]
    var rows: [[String]] = []
  }

  private(set) var status: Int32 = 12
  private var tables: [Table] = []
  private static let mostRows = 20

  mutating func compare(_ old: ReadModel, _ new: ReadModel, _ answers: AnswerComparison) throws(ChangeProblem) {
    let difference: GraphDifference
    do throws(GraphDifference.PathError) {
      difference = try GraphDifference(old, new)
    } catch {
      throw ChangeProblem(error.path, error.error)
    }
    try addCosts(old, new, difference, answers.limits)
    add("Interface", ["what", "old", "new"], difference.interface.map { [$0.name, $0.old, $0.new] })
    add("Metadata", ["key", "old", "new"], difference.metadata.map { [$0.name, $0.old, $0.new] })
    add(
      "Nodes", ["change", "operator", "number"],
      difference.removed.map { ["removed", $0.name, "\($0.count)"] }
        + difference.added.map { ["added", $0.name, "\($0.count)"] })
    add(
      "Weights", ["tensor", "shape", "largest change", "relative rms"],
      difference.weights.map {
        let relative = $0.oldRMS > 0 ? $0.rms / $0.oldRMS : .infinity
        return [$0.name, "\($0.shape)", Comparison.brief($0.largest), Comparison.brief(relative)]
      })
    if difference.isSameFile {
      status = 0
    } else if !difference.interface.isEmpty {
      status = 13
    } else {
      var answers = answers
      try answers.run(old, new)
      addAnswers(answers)
      status = answers.isIdentical ? 10 : answers.agrees ? 11 : 12
    }
  }

  private mutating func addCosts(
    _ old: ReadModel, _ new: ReadModel, _ difference: GraphDifference, _ limits: Limits
  ) throws(ChangeProblem) {
    var stages: [ModelInspection] = []
    for model in [old, new] {
      do {
        stages.append(try ModelInspection(model, limits: limits))
      } catch {
        throw ChangeProblem(model.path, error)
      }
    }
    let (a, b) = (stages[0], stages[1])
    var table = Table(title: "Cost", columns: ["what", "old", "new"])
    func row(_ name: String, _ old: Int, _ new: Int) { table.rows.append([name, "\(old)", "\(new)"]) }
    row("bytes", difference.byteCounts.old, difference.byteCounts.new)
    row("opset", difference.opsets.old, difference.opsets.new)
    row("nodes", a.inFile.nodes.count, b.inFile.nodes.count)
    row("nodes as run", a.asRun.nodes.count, b.asRun.nodes.count)
    row("parameters", a.inFile.parameters, b.inFile.parameters)
    row("multiply-adds", a.inFile.multiplyAdds, b.inFile.multiplyAdds)
    row("bytes of constants as run", a.asRun.constantBytes, b.asRun.constantBytes)
    row("bytes of activations at a time", a.asRun.peakBytes, b.asRun.peakBytes)
    tables.append(table)
  }

  private mutating func addAnswers(_ answers: AnswerComparison) {
    if answers.inputCount > 0 {
      add(
        "Outputs", ["output", "inputs", "agreeing", "largest error", "relative rms", "same class"],
        answers.outputs.map {
          [
            $0.name, "\(answers.inputCount)", "\($0.agreeing)", Comparison.brief($0.largest),
            Comparison.brief($0.relative),
            $0.rows == 0 ? "-" : "\($0.sameClass) of \($0.rows)",
          ]
        })
    }
    if let pictures = answers.answers {
      add(
        "Pictures", ["pictures", "same class", "largest change of a probability"],
        [["\(pictures.count)", "\(pictures.sameClass)", Comparison.brief(pictures.largest)]])
      add(
        "Pictures of another class", ["picture", "old", "new"], pictures.different.map { [$0.path, $0.old, $0.new] })
    }
    if let speed = answers.speed {
      add(
        "Speed", ["what", "old", "new"],
        [["median ms", NumberText.fixed(speed.old, 3), NumberText.fixed(speed.new, 3)]])
    }
  }

  private mutating func add(_ title: String, _ columns: [String], _ rows: [[String]]) {
    if !rows.isEmpty { tables.append(Table(title: title, columns: columns, rows: rows)) }
  }

  private var verdict: String {
    switch status {
    case 0: "the same bytes"
    case 10: "the same answers, bit for bit"
    case 11: "the same within the tolerance"
    case 12: "different answers"
    default: "another interface"
    }
  }

  // MARK: Formats

  var text: String {
    var text = verdict + "\n"
    for table in tables {
      var lines = TextTable(table.columns.enumerated().map { ($1, $0 == 0 ? .left : .right) })
      for row in table.rows.prefix(Self.mostRows) { lines.add(row) }
      text += "\n\(table.title)\n\n\(lines.text)"
      if table.rows.count > Self.mostRows { text += "… and \(table.rows.count - Self.mostRows) more\n" }
    }
    return text
  }

  /// For a pull request.
  var markdown: String {
    func line(_ cells: [String]) -> String { "| " + cells.map { Self.escaped($0) }.joined(separator: " | ") + " |\n" }
    var text = "**\(verdict)** (status \(status))\n"
    for table in tables {
      text += "\n#### \(table.title)\n\n" + line(table.columns)
      text += "|" + String(repeating: "---|", count: table.columns.count) + "\n"
      for row in table.rows.prefix(Self.mostRows) { text += line(row) }
      if table.rows.count > Self.mostRows { text += "\n… and \(table.rows.count - Self.mostRows) more\n" }
    }
    return text
  }

  /// Names come from files: nothing in them may become markup.
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in HTMLText.escaped(text.shortened(to: 200)).unicodeScalars {
      switch scalar {
      case "|", "`", "*", "_", "[", "]", "\\", "@": escaped += "&#\(scalar.value);"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// An object with a list of objects for each table. Numbers are numbers, where they are finite.
  var json: String {
    var text = "{\"status\": \(status), \"verdict\": \"\(verdict)\""
    for table in tables {
      var rows: [String] = []
      for row in table.rows {
        var cells: [String] = []
        for (column, cell) in zip(table.columns, row) {
          let isText = table.title == "Interface" || table.title == "Metadata" || column == "picture"
          let isNumber = !isText && (column != table.columns[0] || table.title == "Pictures")
          let number = isNumber ? NumberText.parse(cell) : nil
          cells.append("\"\(column)\": " + (number.map { $0.isFinite } ?? false ? cell : JSONText.quoted(cell)))
        }
        rows.append("{\(cells.joined(separator: ", "))}")
      }
      text += ", \"\(table.title)\": [\(rows.joined(separator: ", "))]"
    }
    return text + "}"
  }
}
