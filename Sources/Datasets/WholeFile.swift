import Platform
import Text

/// A small file, read at once.
enum WholeFile {
  /// The file's bytes. Errors begin with the path.
  ///
  /// - Parameter limit: maximum size in bytes.
  static func bytes(_ path: String, limit: Int) throws -> [UInt8] {
    var bytes: UnsafeMutableRawPointer?
    var count = 0
    switch path.withPath({ platform_read_file($0, limit, &bytes, &count) }) {
    case 0: break
    case PLATFORM_NOT_A_FILE: throw DatasetError("\(path): not a file")
    case PLATFORM_TOO_LARGE: throw DatasetError("\(path): larger than \(limit >> 10) KiB")
    case let error: throw DatasetError("\(path): \(String(cString: platform_error_text(error)))")
    }
    defer { platform_free(bytes) }
    return Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }
}
