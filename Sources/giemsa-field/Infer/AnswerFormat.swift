import Giemsa
import Text

/// The output format of `infer`, one answer per picture.
struct AnswerFormat {
  enum Kind: Equatable {
    case table, jsonl
    /// - isRaw: names that a spreadsheet would take for formulas stay as they are.
    case csv(isRaw: Bool)

    static let rules = [
      OptionRule(name: "--format", value: "FORMAT", help: "table (the default), csv or jsonl"),
      OptionRule(name: "--raw", value: nil, help: "csv: no apostrophe before names that begin like a formula"),
    ]

    init(_ options: CommandLineOptions) throws(UsageError) {
      let isRaw = options.has("--raw")
      switch options.string("--format") ?? "table" {
      case "table": self = .table
      case "csv": self = .csv(isRaw: isRaw)
      case "jsonl": self = .jsonl
      case let other: throw UsageError(message: "--format '\(other)' is not one of table, csv, jsonl")
      }
      guard !isRaw || self == .csv(isRaw: true) else { throw UsageError(message: "--raw is for --format csv") }
    }
  }

  let kind: Kind
  private let classes: [String]
  private let decision: ClassDecision
  /// The class names, made printable.
  private let titles: [String]
  /// How many of the most probable classes to write; nil: all classes in the model's order.
  let top: Int?
  /// Width of the longest path in columns.
  let pathWidth: Int
  /// Width of the longest class name in columns.
  private let classWidth: Int

  init(kind: Kind, classes: [String], decision: ClassDecision, top: Int?, pathWidth: Int) {
    (self.kind, self.classes, self.decision) = (kind, classes, decision)
    (self.top, self.pathWidth) = (top, pathWidth)
    titles = classes.map { $0.printable }
    classWidth = titles.reduce(5) { max($0, AnswerFormat.width($1)) }
  }

  /// Whether the format is for machines: then the counts go to standard error; otherwise they follow the answers.
  var isForMachines: Bool { kind != .table }

  var header: String {
    var cells: [String] = []
    if let top {
      for rank in 2..<max(2, top + 1) { cells += ["class_\(rank)", "probability_\(rank)"] }
    } else {
      cells = classes
    }
    switch kind {
    case .jsonl: return ""
    case .csv(let isRaw):
      return (["path", "class", "probability"] + cells).map { CSVText.cell($0, isRaw: isRaw) }.joined(separator: ",")
        + "\n"
    case .table:
      var line = AnswerFormat.pad("picture", pathWidth) + "  " + AnswerFormat.pad("class", classWidth) + "  probability"
      if top == nil { for name in titles { line += "  " + name } }
      return line + "\n"
    }
  }

  /// The line of one picture.
  func line(_ path: String, _ probabilities: [Double]) -> String {
    let order = ranked(probabilities)
    let best = order[0]
    switch kind {
    case .csv(let isRaw):
      func name(_ text: String) -> String { CSVText.cell(text, isRaw: isRaw) }
      var cells = [name(path), name(classes[best]), number(probabilities[best])]
      if top != nil {
        for index in order.dropFirst() { cells += [name(classes[index]), number(probabilities[index])] }
      } else {
        cells += probabilities.map { number($0) }
      }
      return cells.joined(separator: ",") + "\n"
    case .jsonl:
      var text = "{\"path\": \(JSONText.quoted(path)), \"class\": \(JSONText.quoted(classes[best]))"
      text += ", \"probability\": \(number(probabilities[best])), \"probabilities\": {"
      let shown = top == nil ? Array(classes.indices) : order
      for (position, index) in shown.enumerated() {
        if position > 0 { text += ", " }
        text += "\(JSONText.quoted(classes[index])): \(number(probabilities[index]))"
      }
      return text + "}}\n"
    case .table:
      var line = AnswerFormat.pad(path.printable, pathWidth) + "  " + AnswerFormat.pad(titles[best], classWidth)
      line += "  " + AnswerFormat.pad(number(probabilities[best], 4), "probability".utf8.count)
      if top != nil {
        for index in order.dropFirst() { line += "  \(titles[index]) \(number(probabilities[index], 4))" }
      } else {
        for index in titles.indices {
          line += "  " + AnswerFormat.pad(number(probabilities[index], 4), AnswerFormat.width(titles[index]))
        }
      }
      return AnswerFormat.trimmed(line) + "\n"
    }
  }

  /// The classes to write: the one that the picture counts as, then the others, most probable first; only the first one
  /// if all classes are written in the model's order.
  private func ranked(_ probabilities: [Double]) -> [Int] {
    let wanted = min(max(top ?? 1, 1), probabilities.count)
    let first = decision(probabilities)
    var order = [first]
    var taken = [Bool](repeating: false, count: probabilities.count)
    taken[first] = true
    for _ in 1..<max(wanted, 1) {
      var best = -1
      for index in probabilities.indices where !taken[index] {
        if best < 0 || probabilities[index] > probabilities[best] { best = index }
      }
      taken[best] = true
      order.append(best)
    }
    return order
  }

  private func number(_ value: Double, _ digits: Int = 6) -> String { NumberText.fixed(value, digits) }

  /// Number of code points, close enough to columns for file and class names.
  static func width(_ text: String) -> Int { text.unicodeScalars.reduce(0) { count, _ in count + 1 } }

  static func pad(_ text: String, _ count: Int) -> String {
    text + String(repeating: " ", count: max(0, count - width(text)))
  }

  private static func trimmed(_ text: String) -> String {
    var bytes = Array(text.utf8)
    while bytes.last == 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
