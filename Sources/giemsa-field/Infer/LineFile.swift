import Platform
import Text

/// A file that grows by whole lines. Each is on the disk before the next one is counted. An earlier file stays until there is
/// a first line to replace it.
final class LineFile {
  private let path: String
  private var descriptor: Int32 = -1
  private var failure: Int32 = 0
  private var replacesEarlier: Bool

  /// - Parameter keep: bytes of the file that stay; 0 for a new one.
  init(_ path: String, keep: UInt64) throws(UsageError) {
    self.path = path
    replacesEarlier = keep == 0
    let error = path.withPath { platform_append_begin($0, replacesEarlier ? .max : keep, &descriptor) }
    guard error == 0 else { throw unwritable(error) }
  }

  deinit { if descriptor >= 0 { platform_close(descriptor) } }

  /// Errors are kept for ``finish()``.
  func write(_ lines: String) {
    if failure != 0 { return }
    let bytes = Array(lines.utf8)
    failure = bytes.withUnsafeBufferPointer { bytes in
      guard replacesEarlier else { return platform_append(descriptor, bytes.baseAddress, bytes.count) }
      replacesEarlier = false
      return path.withPath { platform_append_anew($0, bytes.baseAddress, bytes.count, &descriptor) }
    }
  }

  var isBroken: Bool { failure != 0 }

  func finish() throws(UsageError) {
    guard failure == 0 else { throw unwritable(failure) }
  }

  private func unwritable(_ error: Int32) -> UsageError {
    UsageError(message: "\(path): cannot write (\(String(cString: platform_error_text(error))))")
  }
}
