enum VerifyCommand {
  static let command = Command(
    name: "verify", arguments: "MODEL CASE_DIR…",
    summary: "To come.",
    options: [], run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    throw UsageError(message: "not written yet")
  }
}
