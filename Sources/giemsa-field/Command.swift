import Text

/// A subcommand: its name, help text, options and implementation, which returns the exit status.
struct Command: Sendable {
  let name: String
  /// `MODEL PATH…`
  let arguments: String
  /// The description in `--help`.
  let summary: String
  let options: [OptionRule]
  /// What its exit statuses mean, if not what those of the other commands do.
  var statuses = Command.usualStatuses
  let run: @Sendable (CommandLineOptions) throws(UsageError) -> Int32

  var help: String {
    var text = "giemsa-field \(name) \(arguments)\n\n\(summary)\n"
    let rules = options + [OptionRule(name: "--help", value: nil, help: "show this text")]
    text += "\nOptions:"
    for rule in rules where !rule.isLeftOut {
      let left = rule.value.map { "\(rule.name) \($0)" } ?? rule.name
      text += "\n  " + left + String(repeating: " ", count: max(2, 26 - left.utf8.count)) + rule.help
    }
    return text + "\n\n" + statuses
  }

  static let usualStatuses = """
    Exit status: 0 success; 1 a problem with a model, a picture, the machine or the output (a line on standard error
    describes it); 2 the command line is wrong and nothing was done.
    """
}
