import Giemsa
import Text

/// The options that say which models are taken, common to all commands that read one.
enum LimitRules {
  static let all = [
    OptionRule(
      name: "--max-memory", value: "SIZE",
      help: "memory limit beyond the weights, per picture of a batch; default 512M (units K, M, G, T)"),
    OptionRule(
      name: "--trusted", value: "KEY.pub",
      help: "take only models signed by this key of minisign's, or by one in \(trustedFolder); may be repeated"),
  ]

  /// If it holds keys, only models that one of them signed are taken by any command.
  private static let trustedFolder = "/etc/giemsa/trusted"

  static func read(_ options: CommandLineOptions) throws(UsageError) -> Limits {
    var limits = Limits.standard
    do throws(GraphError) {
      limits.signers = try SignerKey.keys(in: trustedFolder)
      for path in options.strings("--trusted") { limits.signers.append(try SignerKey(contentsOf: path)) }
    } catch {
      throw UsageError(message: error.message)
    }
    guard let text = options.string("--max-memory") else { return limits }
    guard let bytes = Amount.parse(text, thousand: 1024), bytes >= 1 << 20 else {
      throw UsageError(message: "--max-memory '\(text)' must be a size from 1M on: 800M, 2G")
    }
    limits.memoryBytes = bytes
    return limits
  }
}
