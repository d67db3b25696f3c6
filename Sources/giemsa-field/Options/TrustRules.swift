import Giemsa
import Platform
import Text

/// The option that says whose models are taken, common to all commands that read one.
enum TrustRules {
  static let rule = OptionRule(
    name: "--trusted", value: "KEY.pub",
    help: "take only models signed by this key of minisign's, or by one in \(folder); may be repeated",
    isForWholeProgram: true)

  /// If it holds keys, every command takes only models that one of them signed.
  private static let folder = "/etc/giemsa/trusted"

  static func signers(_ options: CommandLineOptions) throws(UsageError) -> [SignerKey] {
    // A program that cannot verify must not pass over what this machine asks for.
    if Version.isForSomeModels {
      var error: Int32 = 0
      let directory = folder.withPath { platform_directory_open($0, &error) }
      if directory == nil, platform_is_missing(error) != 0 { return [] }
      if let directory { platform_directory_close(directory) }
      throw UsageError(
        message: "\(folder) asks for signed models, and tools/build-field --for has left signatures out of this program"
      )
    }
    do throws(GraphError) {
      return try TrustedKeys.read(options.strings("--trusted"), folder: folder)
    } catch {
      throw UsageError(message: error.message)
    }
  }
}
