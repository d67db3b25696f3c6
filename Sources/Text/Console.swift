import Platform

/// Standard output and standard error. After a failed write to standard output the program continues, but writes
/// nothing more there; ``finish(_:program:)`` reports it at the end.
public enum Console {
  /// Writes lines to standard output, unbuffered. Whatever names they contain, nothing in them controls a terminal.
  public static func write(_ text: String) { writeControls(text.printableLines) }

  /// Writes text that moves the cursor: a line that shows progress, in which there are no names from outside.
  public static func writeControls(_ text: String) {
    let bytes = Array(text.utf8)
    bytes.withUnsafeBufferPointer { _ = platform_output($0.baseAddress, $0.count) }
  }

  /// Writes a line to standard output.
  public static func out(_ text: String) { write(text + "\n") }

  /// Whether standard output has failed, so that more output is pointless.
  public static var isBroken: Bool { platform_output_failure() != 0 }

  /// Writes a line to standard error, made printable: whatever names it contains, it stays one line.
  public static func error(_ text: String) {
    let bytes = Array((text.printable + "\n").utf8)
    bytes.withUnsafeBufferPointer { _ = platform_write(2, $0.baseAddress, $0.count) }
  }

  /// The exit status of a program that would otherwise end with `status`: 1, with one line on standard error, if
  /// standard output could not be written completely; 141 (as the shell reports SIGPIPE), without a line, if its reader
  /// has gone.
  public static func finish(_ status: Int32, program: String) -> Int32 {
    let failure = platform_output_failure()
    if failure == 0 { return status }
    if platform_is_closed_pipe(failure) != 0 { return 141 }
    error("\(program): standard output: cannot write (\(String(cString: platform_error_text(failure))))")
    return status == 0 ? 1 : status
  }
}
