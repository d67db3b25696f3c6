import Platform
import Text

/// The lines of a small text file that an option names, without blanks around them. Empty lines and those that begin
/// with `#` are left out.
enum TextLines {
  private static let most = 16 << 20

  static func read(_ path: String) throws(UsageError) -> [String] {
    var bytes: UnsafeMutableRawPointer?
    var count = 0
    let status = path.withPath { platform_read_file($0, most, &bytes, &count) }
    switch status {
    case 0: break
    case PLATFORM_NOT_A_FILE: throw UsageError(message: "\(path): is not a file")
    case PLATFORM_TOO_LARGE: throw UsageError(message: "\(path): is larger than 16 MiB; is it the right file?")
    default: throw UsageError(message: "\(path): cannot be read: \(String(cString: platform_error_text(status)))")
    }
    defer { platform_free(bytes) }
    var lines: [String] = []
    for line in UnsafeRawBufferPointer(start: bytes, count: count).split(separator: UInt8(ascii: "\n")) {
      let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D }
      guard let first = line.firstIndex(where: { !isBlank($0) }), let last = line.lastIndex(where: { !isBlank($0) }),
        line[first] != UInt8(ascii: "#")
      else { continue }
      lines.append(String(decoding: line[first...last], as: UTF8.self))
    }
    return lines
  }
}
