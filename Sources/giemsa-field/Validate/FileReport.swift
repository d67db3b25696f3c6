import Giemsa
import Text

/// Which findings count as what: `--strict` and `--baseline`.
struct Judgement: Sendable {
  /// Codes of warnings that count as errors; `all` for every one.
  let strict: [String]
  /// Findings that are accepted: whole lines of the text format, `PATH: CODE`, or codes.
  let baseline: Set<ExactText>

  static let rules = [
    OptionRule(name: "--strict", value: "CODES", help: "warnings that count as errors: W306,W310, or all"),
    OptionRule(
      name: "--baseline", value: "FILE",
      help: "findings to accept: lines of an earlier output, or PATH: CODE, or CODE; they are left out and counted"),
  ]

  init(_ options: CommandLineOptions) throws(UsageError) {
    let text = options.string("--strict") ?? ""
    strict = text.utf8.split(separator: UInt8(ascii: ",")).map { String(decoding: Array($0), as: UTF8.self) }
    for name in strict where name != "all" {
      guard Code.allCases.contains(where: { $0.isWarning && $0.text == name }) else {
        throw UsageError(message: "--strict '\(name)' is not the code of a warning (W301, …), or all")
      }
    }
    var known: Set<ExactText> = []
    if let path = options.string("--baseline") {
      for line in try TextLines.read(path) { known.insert(ExactText(line)) }
    }
    baseline = known
  }

  var isStrictOfAll: Bool { strict.contains("all") }

  func isError(_ finding: Finding) -> Bool {
    finding.isError || isStrictOfAll || strict.contains(finding.code.text)
  }

  func accepts(_ finding: Finding, _ path: String) -> Bool {
    if baseline.isEmpty { return false }
    let code = finding.code.text
    return [code, "\(path): \(code)".printable, "\(path): \(finding.text)".printable].contains {
      baseline.contains(ExactText($0))
    }
  }
}

/// The findings of one model.
struct FileReport {
  struct Entry {
    let finding: Finding
    let isError: Bool
    /// By the baseline. It counts as nothing.
    let isAccepted: Bool
  }

  let path: String
  private(set) var entries: [Entry] = []
  private(set) var errors: Int
  private(set) var warnings: Int
  private(set) var accepted = 0
  /// Findings that are not among the entries, only counted.
  let more: Int
  private(set) var isUnreadable = false

  init(_ path: String, _ findings: Findings, _ judgement: Judgement, _ further: Finding?) {
    self.path = path
    more = findings.moreErrors + findings.moreWarnings
    errors = findings.moreErrors + (judgement.isStrictOfAll ? findings.moreWarnings : 0)
    warnings = judgement.isStrictOfAll ? 0 : findings.moreWarnings
    for finding in findings { add(finding, judgement) }
    if let further { add(further, judgement) }
  }

  private mutating func add(_ finding: Finding, _ judgement: Judgement) {
    if finding.code == .unreadable { isUnreadable = true }
    let entry = Entry(
      finding: finding, isError: judgement.isError(finding), isAccepted: judgement.accepts(finding, path))
    if entry.isAccepted { accepted += 1 } else if entry.isError { errors += 1 } else { warnings += 1 }
    entries.append(entry)
  }

  /// `valid, 1 warning`, `2 errors, 0 warnings, 1 accepted`
  var summary: String {
    (errors == 0 ? "valid" : counted(errors, "error")) + ", " + counted(warnings, "warning")
      + (accepted == 0 ? "" : ", \(accepted) accepted")
  }
}

/// The sums over all models.
struct ReportTotals {
  private var (models, valid, errors, warnings, accepted) = (0, 0, 0, 0, 0)
  private(set) var isUnreadable = false

  mutating func add(_ report: FileReport) {
    models += 1
    if report.errors == 0 { valid += 1 }
    errors += report.errors
    warnings += report.warnings
    accepted += report.accepted
    if report.isUnreadable { isUnreadable = true }
  }

  mutating func addUnreadable() { isUnreadable = true }

  var hasErrors: Bool { errors > 0 }
  var modelCount: Int { models }
  var failures: Int { models - valid }

  /// `3 models: 2 valid, 1 not; 4 errors, 1 warning`
  var summary: String {
    counted(models, "model") + ": \(valid) valid, \(models - valid) not; " + counted(errors, "error") + ", "
      + counted(warnings, "warning") + (accepted == 0 ? "" : ", \(accepted) accepted")
  }
}
