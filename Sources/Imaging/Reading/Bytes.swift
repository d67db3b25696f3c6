/// Numbers in bytes that are not trusted: nil beyond their end.
struct Bytes {
  let bytes: UnsafeRawBufferPointer
  var isBigEndian = false

  func byte(_ offset: Int) -> Int? {
    bytes.indices.contains(offset) ? Int(bytes[offset]) : nil
  }

  func u16(_ offset: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - 2 else { return nil }
    let (a, b) = (Int(bytes[offset]), Int(bytes[offset + 1]))
    return isBigEndian ? a << 8 | b : b << 8 | a
  }

  func u32(_ offset: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - 4, let a = u16(offset), let b = u16(offset + 2) else { return nil }
    return isBigEndian ? a << 16 | b : b << 16 | a
  }

  /// As a signed number.
  func i32(_ offset: Int) -> Int? { u32(offset).map { Int(Int32(truncatingIfNeeded: $0)) } }

  /// The bytes of a range; nil if they are not all there.
  func part(_ offset: Int, _ count: Int) -> Bytes? {
    guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
    return Bytes(bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]), isBigEndian: isBigEndian)
  }

  func starts(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { text in bytes.count >= text.count && bytes.prefix(text.count).elementsEqual(text) }
  }
}
