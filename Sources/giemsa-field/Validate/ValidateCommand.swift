import Giemsa
import Text

/// `validate MODEL…`: prints every problem found, one per line.
enum ValidateCommand {
  static let command = Command(
    name: "validate", arguments: "MODEL…",
    summary: """
      Finds every problem of each model, one line each with a stable code (docs/CODES.md): E1xx the file, E2xx the
      graph, W3xx warnings. Exit status 1 if there is any error.
      """,
    options: [OptionRule(name: "--json", value: nil, help: "print one JSON object per model")]
      + LimitRules.all,
    run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard !options.positional.isEmpty else { throw UsageError(message: "wants a model") }
    let limits = try LimitRules.read(options)
    var status: Int32 = 0
    for path in options.positional {
      let findings = Validator.findings(path: path, limits: limits)
      if findings.errorCount > 0 { status = 1 }
      if options.has("--json") {
        Console.out(json(path, findings))
      } else {
        for finding in findings { Console.out("\(path): \(finding.text)".printable) }
        let more = findings.moreErrors + findings.moreWarnings
        if more > 0 { Console.out("\(path): … and \(more) more, counted below".printable) }
        Console.out("\(path): \(summary(findings))".printable)
      }
    }
    return status
  }

  /// `valid, 1 warning`, `2 errors, 0 warnings`
  private static func summary(_ findings: Findings) -> String {
    let (errors, warnings) = (findings.errorCount, findings.warningCount)
    let warned = "\(warnings) \(warnings == 1 ? "warning" : "warnings")"
    return errors == 0 ? "valid, \(warned)" : "\(errors) \(errors == 1 ? "error" : "errors"), \(warned)"
  }

  private static func json(_ path: String, _ findings: Findings) -> String {
    var text = "{\"file\": \(JSONText.quoted(path)), \"valid\": \(findings.errorCount > 0 ? "false" : "true")"
    text += ", \"errors\": \(findings.errorCount), \"warnings\": \(findings.warningCount)"
    text += ", \"findings\": ["
    for (index, finding) in findings.enumerated() {
      if index > 0 { text += ", " }
      text += "{\"code\": \(JSONText.quoted(finding.code.text))"
      text += ", \"severity\": \(finding.isError ? "\"error\"" : "\"warning\"")"
      text += ", \"message\": \(JSONText.quoted(finding.message))}"
    }
    return text + "]}"
  }
}
