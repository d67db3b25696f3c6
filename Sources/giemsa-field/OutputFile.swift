import Platform

/// Where answers go: standard output, or a file that appears under its name only when it is whole.
final class OutputFile {
  private let path: String?
  private var temporary: [CChar] = []
  private var descriptor: Int32 = 1
  private var failure: Int32 = 0
  private var isOpen = false

  /// Opens at once, so that a folder that cannot be written to is known before any work is done.
  init(_ path: String?) throws(UsageError) {
    self.path = path
    guard let path else { return }
    temporary = [CChar](repeating: 0, count: path.utf8.count + 16)
    let error = platform_replace_begin(path, &temporary, temporary.count, &descriptor)
    guard error == 0 else { throw OutputFile.unwritable(path, error) }
    isOpen = true
  }

  /// Errors are remembered and told by ``finish()``.
  func write(_ text: String) {
    let bytes = Array(text.utf8)
    let error = bytes.withUnsafeBufferPointer { platform_write(descriptor, $0.baseAddress, $0.count) }
    if failure == 0 { failure = error }
  }

  /// Gives the file its name.
  func finish() throws(UsageError) {
    guard let path else { return }
    guard failure == 0 else {
      abandon()
      throw OutputFile.unwritable(path, failure)
    }
    isOpen = false
    let error = platform_replace_commit(descriptor, temporary, path)
    guard error == 0 else { throw OutputFile.unwritable(path, error) }
  }

  /// Leaves whatever was there before.
  private func abandon() {
    if isOpen { platform_replace_abandon(descriptor, temporary) }
    isOpen = false
  }

  deinit { abandon() }

  private static func unwritable(_ path: String, _ error: Int32) -> UsageError {
    UsageError(message: "\(path): cannot write (\(String(cString: platform_error_text(error))))")
  }
}
