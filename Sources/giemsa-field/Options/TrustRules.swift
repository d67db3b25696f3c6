import Giemsa
import Text

/// The option that says whose models are taken, common to all commands that read one.
enum TrustRules {
  static let rule = OptionRule(
    name: "--trusted", value: "KEY.pub",
    help: "take only models signed by this key of minisign's, or by one in \(folder); may be repeated")

  /// If it holds keys, every command takes only models that one of them signed.
  private static let folder = "/etc/giemsa/trusted"

  static func signers(_ options: CommandLineOptions) throws(UsageError) -> [SignerKey] {
    do throws(GraphError) {
      return try TrustedKeys.read(options.strings("--trusted"), folder: folder)
    } catch {
      throw UsageError(message: error.message)
    }
  }
}
