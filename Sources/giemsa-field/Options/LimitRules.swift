import Giemsa
import Text

/// The option that limits a model's memory, common to all commands that read one.
enum LimitRules {
  static let all = [
    OptionRule(
      name: "--max-memory", value: "SIZE",
      help: "memory limit beyond the weights, per picture of a batch; default 512M (units K, M, G, T)")
  ]

  static func read(_ options: CommandLineOptions) throws(UsageError) -> Limits {
    var limits = Limits.standard
    guard let text = options.string("--max-memory") else { return limits }
    guard let bytes = Amount.parse(text, thousand: 1024), bytes >= 1 << 20 else {
      throw UsageError(message: "--max-memory '\(text)' must be a size from 1M on: 800M, 2G")
    }
    limits.memoryBytes = bytes
    return limits
  }
}
