import Platform

/// Paths as bytes and as text. A `String` here holds either: valid UTF-8 is kept, and each invalid byte becomes one of
/// the last 128 code points of plane 16 (private use, so they do not occur in names): U+10FF80 for 0x80 to U+10FFFF for
/// 0xFF. ``bytes(of:)`` returns exactly the bytes that ``text(_:)`` was given.
public enum PathText {
  private static let firstStandIn: UInt32 = 0x10_FF80

  /// The byte that `scalar` stands for if it replaces an invalid byte; otherwise nil.
  public static func byte(for scalar: Unicode.Scalar) -> UInt8? {
    scalar.value >= firstStandIn ? UInt8(truncatingIfNeeded: scalar.value) : nil
  }

  /// The text of a zero-terminated path from the system.
  public static func text(_ path: UnsafePointer<CChar>) -> String {
    var count = 0
    while path[count] != 0 { count += 1 }
    return path.withMemoryRebound(to: UInt8.self, capacity: count) {
      text(UnsafeBufferPointer(start: $0, count: count))
    }
  }

  public static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    // Nearly every name. A model has thousands.
    if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
    var scalars = String.UnicodeScalarView()
    var at = 0
    while at < bytes.count {
      let (scalar, length) = next(bytes, at)
      if let scalar, scalar.value < firstStandIn {
        scalars.append(scalar)
      } else {
        for byte in bytes[at..<(at + length)] {
          if let standIn = Unicode.Scalar(0x10_FF00 | UInt32(byte)) { scalars.append(standIn) }
        }
      }
      at += length
    }
    return String(scalars)
  }

  /// The part after the path's last slash. Compared by scalars: a slash followed by a combining mark is still a slash.
  public static func lastComponent(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// The part before the path's last slash; empty if there is none.
  public static func folder(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(path[..<slash])
  }

  /// The path's bytes, without a terminating zero.
  public static func bytes(of path: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(path.utf8.count)
    for scalar in path.unicodeScalars {
      if let byte = byte(for: scalar) { bytes.append(byte) } else { bytes += Array(String(scalar).utf8) }
    }
    return bytes
  }

  /// The scalar at `at` and its length in bytes; nil and 1 if the bytes are not valid UTF-8.
  /// https://www.unicode.org/versions/latest/core-spec/chapter-3/#G27288 (table 3-7)
  private static func next(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> (scalar: Unicode.Scalar?, length: Int) {
    let first = bytes[at]
    let length: Int
    switch first {
    case 0..<0x80: return (Unicode.Scalar(first), 1)
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF: length = 3
    case 0xF0...0xF4: length = 4
    default: return (nil, 1)
    }
    guard at + length <= bytes.count else { return (nil, 1) }
    var value = UInt32(first) & (0xFF >> UInt32(length + 1))
    for byte in bytes[(at + 1)..<(at + length)] {
      guard byte & 0xC0 == 0x80 else { return (nil, 1) }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x1_0000
    guard value >= least, let scalar = Unicode.Scalar(value) else { return (nil, 1) }
    return (scalar, length)
  }
}

extension String {
  /// Calls `body` with the path's bytes and a terminating zero. Every system call that takes a path goes through here.
  public func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    var bytes = PathText.bytes(of: self)
    bytes.append(0)
    return bytes.withUnsafeBytes { buffer in
      // Never empty: it contains the zero.
      buffer.baseAddress.map { body($0.assumingMemoryBound(to: CChar.self)) } ?? body("")
    }
  }
}
