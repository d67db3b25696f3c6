/// PNG files of kinds that `PNGFile` does not write. Here, since it is optimised in release builds, which tests are not.
public enum RawPNG {
  /// 16 bits per channel. `value` gives red, green and blue of each pixel.
  public static func rgb16(width: Int, height: Int, _ value: (_ index: Int) -> UInt16) -> [UInt8] {
    var rows: [UInt8] = []
    for y in 0..<height {
      rows.append(0)  // no filter
      for index in 0..<(3 * width) {
        let number = value(y * 3 * width + index)
        rows += [UInt8(number >> 8), UInt8(number & 255)]
      }
    }
    return file(width: width, height: height, depth: 16, color: 2, rows: rows)
  }

  /// Grey, 8 bits, black.
  ///
  /// - Parameter extra: ``chunk``s in front of the pixels.
  public static func grey8(width: Int, height: Int, extra: [UInt8] = []) -> [UInt8] {
    file(
      width: width, height: height, depth: 8, color: 0, rows: [UInt8](repeating: 0, count: (width + 1) * height),
      extra: extra)
  }

  /// A text of zeros, `matches` × 258 bytes long, in 13 bits for each match.
  public static func textBomb(matches: Int) -> [UInt8] {
    var (stream, bits, count) = ([UInt8](), UInt32(0), UInt32(0))
    /// Appends the lowest `width` bits of `code`, the lowest first.
    func put(_ code: UInt32, _ width: UInt32) {
      bits |= code << count
      count += width
      while count >= 8 {
        stream.append(UInt8(bits & 255))
        (bits, count) = (bits >> 8, count - 8)
      }
    }
    put(0b011, 3)  // the last block, with the fixed codes
    put(0b0000_1100, 8)  // a zero
    for _ in 0..<matches { put(0b00000_10100011, 13) }  // 258 bytes, from one byte before
    put(0, 7 + 8)
    return chunk("zTXt", Array("Comment".utf8) + [0, 0, 0x78, 0x01] + stream)
  }

  /// Rows with filter bytes, stored without compression.
  private static func file(
    width: Int, height: Int, depth: UInt8, color: UInt8, rows: [UInt8], extra: [UInt8] = []
  ) -> [UInt8] {
    var header = bytes(UInt32(width)) + bytes(UInt32(height))
    header += [depth, color, 0, 0, 0]
    var data: [UInt8] = [0x78, 0x01]
    var at = 0
    repeat {
      let count = min(rows.count - at, 65535)
      data.append(at + count == rows.count ? 1 : 0)
      data += [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8((~count >> 8) & 255)]
      data += rows[at..<(at + count)]
      at += count
    } while at < rows.count
    var (a, b) = (UInt32(1), UInt32(0))
    for byte in rows { (a, b) = ((a + UInt32(byte)) % 65521, (b + (a + UInt32(byte)) % 65521) % 65521) }
    data += bytes(b << 16 | a)
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header) + extra + chunk("IDAT", data)
      + chunk("IEND", [])
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return bytes(UInt32(data.count)) + body + bytes(checksum(body))
  }

  /// A damaged file with the right checksum behind each chunk: without it, libpng looks at none of its bytes.
  public static func withChecksums(_ file: UnsafeRawBufferPointer) -> [UInt8] {
    var result = Array(file)
    var at = 8
    while at + 12 <= result.count {
      let count = result[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) }
      guard count <= result.count - at - 12 else { break }
      let end = at + 8 + count
      result.replaceSubrange(end..<(end + 4), with: bytes(checksum(result[(at + 4)..<end])))
      at = end + 4
    }
    return result
  }

  private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
  }
}
