import Giemsa
import Text

/// The options that say which models are taken, common to all commands that read one.
enum LimitRules {
  static let all = [
    OptionRule(
      name: "--max-memory", value: "SIZE",
      help: "memory limit beyond the weights, per picture of a batch; default 512M (units K, M, G, T)"),
    TrustRules.rule,
  ]

  static func read(_ options: CommandLineOptions) throws(UsageError) -> Limits {
    var limits = Limits.standard
    limits.signers = try TrustRules.signers(options)
    guard let text = options.string("--max-memory") else { return limits }
    guard let bytes = Amount.parse(text, thousand: 1024), bytes >= 1 << 20 else {
      throw UsageError(message: "--max-memory '\(text)' must be a size from 1M on: 800M, 2G")
    }
    limits.memoryBytes = bytes
    return limits
  }
}
