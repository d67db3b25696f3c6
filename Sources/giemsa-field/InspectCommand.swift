enum InspectCommand {
  static let command = Command(
    name: "inspect", arguments: "MODEL",
    summary: "To come.",
    options: [], run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    throw UsageError(message: "not written yet")
  }
}
