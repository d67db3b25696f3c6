import Giemsa
import Platform
import Text

enum Program {
  static let commands: [Command] = [
    InferCommand.command,
    CountCommand.command,
    VerifyCommand.command,
    ValidateCommand.command,
    CompareCommand.command,
    BenchCommand.command,
    UpgradeCommand.command,
    InspectCommand.command,
    DrawCommand.command,
  ]

  /// Runs the command that the arguments name and returns the exit status.
  static func run() -> Int32 {
    guard platform_has_memory(1 << 20) != 0 else {
      Console.error("giemsa-field: hardly any memory is left; raise the limit (ulimit -v)")
      return 1
    }
    var arguments: [String] = []
    for index in 1..<max(1, Int(platform_argument_count())) {
      arguments.append(PathText.text(platform_argument(Int32(index))))
    }
    if arguments.first == "describe" {
      arguments[0] = InspectCommand.command.name
      if !arguments.contains("--summary") { arguments.append("--summary") }
    }
    guard let name = arguments.first, name != "--help", name != "-h", name != "help" else {
      Console.out("giemsa-field runs, checks and measures ONNX models of blood cells, and counts cells with them.\n")
      for command in commands {
        Console.out("  giemsa-field \(command.name) \(command.arguments)\n      \(command.summary)")
      }
      Console.out(
        "\ngiemsa-field COMMAND --help lists the options; --version shows the instruction sets in use.\n\n\(Command.usualStatuses)"
      )
      return arguments.isEmpty ? 2 : 0
    }
    if name == "--version" || name == "version" {
      Console.out(version)
      return 0
    }
    guard let command = commands.first(where: { $0.name == name }) else {
      let question = NearestName.question(name, in: commands.map { $0.name })
      Console.error(
        "giemsa-field: unknown command '\(name)'\(question); giemsa-field --help lists them\(Version.leftOutNote)")
      return 2
    }
    let rest = Array(arguments.dropFirst())
    if rest.contains("--help") || rest.contains("-h") {
      Console.out(command.help)
      return 0
    }
    do {
      return try command.run(try CommandLineOptions(rest, rules: command.options))
    } catch {
      Console.error("giemsa-field \(name): \(error.message)")
      return 2
    }
  }

  private static var version: String {
    "giemsa-field \(Version.number)\n"
      + "processor: \(Processor.features); \(Processor.count) to use\n"
      + "kernels: \(Processor.instructionSet) (GIEMSA_ISA selects a lower level: portable, avx2, avx512, neon, …)"
  }
}
