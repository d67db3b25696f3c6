import Platform
import Text

/// The destination of the answers: standard output, or a file that appears under its name only when complete.
final class OutputFile {
  /// nil for standard output, whose errors ``Console`` records.
  private let path: String?
  private var descriptor: Int32 = -1
  private var failure: Int32 = 0
  private var isOpen = false

  /// Names of standard output: opening them as files would replace or truncate what it leads to.
  private static let standardOutput = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]

  static func isStandard(_ path: String?) -> Bool { path.map { standardOutput.contains($0) } ?? true }

  /// Opens immediately, so that an unwritable folder is reported before any work is done.
  init(_ path: String?) throws(UsageError) {
    self.path = OutputFile.isStandard(path) ? nil : path
    guard let path = self.path else { return }
    let error = path.withPath { platform_replace_begin($0, &descriptor) }
    guard error == 0 else { throw OutputFile.unwritable(path, error) }
    isOpen = true
  }

  /// Errors are recorded and reported by ``finish()``; for standard output, at the program's end.
  func write(_ text: String) {
    guard path != nil else { return Console.write(text) }
    write(Array(text.utf8))
  }

  /// Only for a file.
  func write(_ bytes: [UInt8]) {
    if path == nil || failure != 0 { return }
    failure = bytes.withUnsafeBufferPointer { platform_write(descriptor, $0.baseAddress, $0.count) }
  }

  /// Whether writing has failed, so that continuing is pointless.
  var isBroken: Bool { path == nil ? Console.isBroken : failure != 0 }

  /// Renames the file to its final name.
  func finish() throws(UsageError) {
    guard let path else { return }
    guard failure == 0 else {
      abandon()
      throw OutputFile.unwritable(path, failure)
    }
    isOpen = false
    let error = platform_replace_commit(descriptor, 0)
    guard error == 0 else { throw OutputFile.unwritable(path, error) }
  }

  /// Removes the unfinished file and leaves an earlier one untouched.
  private func abandon() {
    if isOpen { platform_replace_abandon(descriptor) }
    isOpen = false
  }

  deinit { abandon() }

  private static func unwritable(_ path: String, _ error: Int32) -> UsageError {
    UsageError(message: "\(path): cannot write (\(String(cString: platform_error_text(error))))")
  }
}
