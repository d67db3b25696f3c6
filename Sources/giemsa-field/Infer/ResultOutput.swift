import Text

/// Where answers go: a file that grows line by line, so that what is there survives an interruption, or one that appears when
/// complete, or standard output.
struct ResultOutput {
  private let lines: LineFile?
  private let whole: OutputFile?
  /// Whether results go to standard output.
  let isStandard: Bool

  /// - Parameters:
  ///   - growsByLines: whether a file does.
  ///   - keep: bytes of an earlier run's lines that stay.
  init(_ path: String?, growsByLines: Bool, keep: UInt64 = 0) throws(UsageError) {
    isStandard = OutputFile.isStandard(path)
    if let path, growsByLines, !isStandard {
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
