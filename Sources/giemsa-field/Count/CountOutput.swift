import Text

/// Where the results go. JSON lines grow line by line, so that an interrupted count can go on; tables and CSV appear when
/// complete.
struct CountOutput {
  private let lines: LineFile?
  private let whole: OutputFile?
  /// Whether results go to standard output.
  let isStandard: Bool

  /// - Parameter keep: bytes of an earlier run's lines that stay.
  init(_ path: String?, _ kind: AnswerFormat.Kind, keep: UInt64) throws(UsageError) {
    isStandard = OutputFile.isStandard(path)
    if let path, kind == .jsonl, !isStandard {
      lines = try LineFile(path, keep: keep)
      whole = nil
    } else {
      lines = nil
      whole = try OutputFile(path)
    }
  }

  /// Whether an interrupted run leaves its lines.
  var keepsLines: Bool { lines != nil }

  func write(_ text: String) {
    lines?.write(text)
    whole?.write(text)
  }

  var isBroken: Bool { lines?.isBroken ?? whole?.isBroken ?? false }

  func finish() throws(UsageError) {
    try lines?.finish()
    try whole?.finish()
  }
}
