enum InferCommand {
  static let command = Command(
    name: "infer", arguments: "MODEL PATH…",
    summary: "To come.",
    options: [], run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    throw UsageError(message: "not written yet")
  }
}
