import Platform
import Text

/// The files of minisign (https://jedisct1.github.io/minisign, "Signature format"): lines, of which some are comments and
/// some Base64.
public enum MinisignText {
  /// What the second and the fourth line of a signature, and the first of all files, begin with.
  public static let untrusted = "untrusted comment: "
  public static let trusted = "trusted comment: "
  /// Bytes of a comment that minisign reads.
  public static let longestTrusted = 8192
  /// No file of minisign's is longer: two comments and some hundred digits.
  public static let longestFile = longestTrusted + 4096

  /// The lines of a file without their ends; a line break after the last is no further line.
  public static func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// The regular file `path`, which may not be a link: whoever may set a link in a folder of keys could otherwise name any
  /// file. nil if it is none, or cannot be read or is too long; `error` then says why.
  public static func file(_ path: String, error: inout String) -> [UInt8]? {
    let folder = PathText.folder(path)
    var file: Int32 = -1
    var size: UInt64 = 0
    let parent = folder.isEmpty ? (path.utf8.first == UInt8(ascii: "/") ? "/" : ".") : folder
    let status = parent.withPath { parent in
      PathText.lastComponent(path).withPath { platform_open_beneath(parent, $0, &file, &size) }
    }
    guard status == 0 else {
      error =
        status == PLATFORM_NOT_A_FILE
        ? "is not a regular file (links are not followed)"
        : "cannot be opened: \(String(cString: platform_error_text(status)))"
      return nil
    }
    defer { platform_close(file) }
    guard size <= UInt64(longestFile) else {
      error = "is longer than any file of minisign's"
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    guard bytes.withUnsafeMutableBytes({ platform_read_at(file, 0, $0.baseAddress, $0.count) }) == 0 else {
      error = "cannot be read completely"
      return nil
    }
    return bytes
  }
}
