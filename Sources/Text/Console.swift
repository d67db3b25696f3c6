import Platform

/// Standard output and standard error. A failed write to standard output is remembered: the work goes on, nothing more is
/// written, and ``finish(_:program:)`` makes it known at the end.
public enum Console {
  /// Text to standard output as it stands, at once.
  public static func write(_ text: String) {
    let bytes = Array(text.utf8)
    bytes.withUnsafeBufferPointer { _ = platform_output($0.baseAddress, $0.count) }
  }

  /// A line to standard output.
  public static func out(_ text: String) { write(text + "\n") }

  /// Whether standard output has failed, so that there is no point in making more of it.
  public static var isBroken: Bool { platform_output_failure() != 0 }

  /// A line to standard error, made printable: whatever names are in it, it stays one line.
  public static func error(_ text: String) {
    let bytes = Array((text.printable + "\n").utf8)
    bytes.withUnsafeBufferPointer { _ = platform_write(2, $0.baseAddress, $0.count) }
  }

  /// The exit status of a program that would end with `status`: 1, and one line on standard error, where standard output
  /// did not take everything; 141 (as the shell reports SIGPIPE), without a line, where its reader has gone.
  public static func finish(_ status: Int32, program: String) -> Int32 {
    let failure = platform_output_failure()
    if failure == 0 { return status }
    if platform_is_closed_pipe(failure) != 0 { return 141 }
    error("\(program): standard output: cannot write (\(String(cString: platform_error_text(failure))))")
    return status == 0 ? 1 : status
  }
}
