import Platform
import Text

/// Where answers go: standard output, or a file that appears under its name only when it is whole.
final class OutputFile {
  /// nil for standard output, whose failures ``Console`` keeps.
  private let path: String?
  private var descriptor: Int32 = -1
  private var failure: Int32 = 0
  private var isOpen = false

  /// Names of standard output: to open it again by one of them would replace or cut off what it leads to.
  private static let standardOutput = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]

  /// Opens at once, so that a folder that cannot be written to is known before any work is done.
  init(_ path: String?) throws(UsageError) {
    self.path = path.flatMap { OutputFile.standardOutput.contains($0) ? nil : $0 }
    guard let path = self.path else { return }
    let error = path.withPath { platform_replace_begin($0, &descriptor) }
    guard error == 0 else { throw OutputFile.unwritable(path, error) }
    isOpen = true
  }

  /// Errors are remembered and told by ``finish()``, for standard output by the program's end.
  func write(_ text: String) {
    guard path != nil else { return Console.write(text) }
    if failure != 0 { return }
    let bytes = Array(text.utf8)
    failure = bytes.withUnsafeBufferPointer { platform_write(descriptor, $0.baseAddress, $0.count) }
  }

  /// Whether nothing more can be written, so that there is no point in going on.
  var isBroken: Bool { path == nil ? Console.isBroken : failure != 0 }

  /// Gives the file its name.
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

  /// Leaves whatever was there before.
  private func abandon() {
    if isOpen { platform_replace_abandon(descriptor) }
    isOpen = false
  }

  deinit { abandon() }

  private static func unwritable(_ path: String, _ error: Int32) -> UsageError {
    UsageError(message: "\(path): cannot write (\(String(cString: platform_error_text(error))))")
  }
}
