import Giemsa
import Text

/// What `validate` prints, as `--format` names it.
enum ReportFormat {
  case text, json, sarif, github, junit

  static let rule = OptionRule(
    name: "--format", value: "HOW",
    help: "text (default), json (an object per model), sarif (2.1.0), github (annotations) or junit")

  init(_ options: CommandLineOptions) throws(UsageError) {
    switch options.string("--format") ?? (options.has("--json") ? "json" : "text") {
    case "text": self = .text
    case "json": self = .json
    case "sarif": self = .sarif
    case "github": self = .github
    case "junit": self = .junit
    case let other: throw UsageError(message: "--format '\(other)' is not one of text, json, sarif, github, junit")
    }
  }

  /// Whether all models make one document.
  var isWhole: Bool { self == .sarif || self == .junit }

  /// What is printed of one model; for a document a part of it.
  func text(_ report: FileReport) -> String {
    switch self {
    case .text: Self.lines(report)
    case .json: Self.json(report)
    case .sarif: SARIFText.results(report)
    case .github: Self.annotations(report)
    case .junit: Self.testCase(report)
    }
  }

  /// What follows after all models; for a document, all of it around its parts.
  func end(_ parts: [String], _ totals: ReportTotals, status: Int32) -> String? {
    switch self {
    case .text, .github: totals.modelCount > 1 ? totals.summary : nil
    case .json: nil
    case .sarif: SARIFText.document(parts.filter { !$0.isEmpty }, status: status)
    case .junit:
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        + "  <testsuite name=\"giemsa-field validate\" tests=\"\(totals.modelCount)\" failures=\"\(totals.failures)\" "
        + "errors=\"0\">\n\(parts.joined(separator: "\n"))\n  </testsuite>\n</testsuites>"
    }
  }

  private static func lines(_ report: FileReport) -> String {
    var lines: [String] = []
    for entry in report.entries where !entry.isAccepted {
      lines.append("\(report.path): \(entry.finding.text)".printable)
    }
    if report.more > 0 { lines.append("\(report.path): … and \(report.more) more, counted below".printable) }
    lines.append("\(report.path): \(report.summary)".printable)
    return lines.joined(separator: "\n")
  }

  private static func json(_ report: FileReport) -> String {
    var text = "{\"file\": \(JSONText.quoted(report.path)), \"valid\": \(report.errors == 0 ? "true" : "false")"
    text += ", \"errors\": \(report.errors), \"warnings\": \(report.warnings), \"accepted\": \(report.accepted)"
    text += ", \"findings\": ["
    var separator = ""
    for entry in report.entries where !entry.isAccepted {
      text += "\(separator){\"code\": \(JSONText.quoted(entry.finding.code.text))"
      text += ", \"severity\": \(entry.isError ? "\"error\"" : "\"warning\"")"
      text += ", \"message\": \(JSONText.quoted(entry.finding.message))"
      if let node = entry.finding.node { text += ", \"node\": \(JSONText.quoted(node))" }
      if let tensor = entry.finding.tensor { text += ", \"tensor\": \(JSONText.quoted(tensor))" }
      text += "}"
      separator = ", "
    }
    return text + "]}"
  }

  /// GitHub's workflow commands. https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
  private static func annotations(_ report: FileReport) -> String {
    var lines: [String] = []
    for entry in report.entries where !entry.isAccepted {
      lines.append(
        "::\(entry.isError ? "error" : "warning") file=\(escaped(report.path.printable, isProperty: true)),"
          + "title=\(entry.finding.code.text)::\(escaped(entry.finding.message, isProperty: false))")
    }
    // Whatever the file is called, this line is no command: those begin with `::`, or have `##[` anywhere.
    let name = escaped(report.path.printable, isProperty: true).split(separator: "[", omittingEmptySubsequences: false)
    lines.append("\(name.joined(separator: "%5B")): \(report.summary)")
    return lines.joined(separator: "\n")
  }

  private static func escaped(_ text: String, isProperty: Bool) -> String {
    var escaped: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "%"): escaped += Array("%25".utf8)
      case UInt8(ascii: ":") where isProperty: escaped += Array("%3A".utf8)
      case UInt8(ascii: ",") where isProperty: escaped += Array("%2C".utf8)
      default: escaped.append(byte)
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }

  private static func testCase(_ report: FileReport) -> String {
    var text = "    <testcase classname=\"giemsa-field.validate\" name=\"\(HTMLText.escaped(report.path))\">"
    func list(_ isError: Bool) -> String {
      let entries = report.entries.filter { !$0.isAccepted && $0.isError == isError }
      return entries.map { HTMLText.escaped($0.finding.text) }.joined(separator: "\n")
    }
    if report.errors > 0 {
      let first = report.entries.first { $0.isError && !$0.isAccepted }
      text +=
        "\n      <failure type=\"\(first?.finding.code.text ?? "")\" "
        + "message=\"\(report.summary)\">\(list(true))</failure>"
    }
    if report.warnings > 0 { text += "\n      <system-out>\(list(false))</system-out>" }
    return text + "\n    </testcase>"
  }
}
