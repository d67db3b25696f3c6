import Text

/// What stands before the pixels of a BMP file.
struct BMPHeader {
  enum Coding {
    /// Palette indices, or blue, green and red bytes.
    case plain
    /// Runs of palette indices.
    case runs
    /// Channels within a pixel's bits: red, green, blue.
    case fields([BitField])
  }

  /// Adjacent bits of a pixel.
  struct BitField {
    let shift: Int
    /// The largest value.
    let most: Int

    /// nil unless `mask` has a run of one to 16 bits.
    init?(mask: Int) {
      guard mask > 0 else { return nil }
      shift = mask.trailingZeroBitCount
      most = mask >> shift
      guard most & (most + 1) == 0, most <= 0xFFFF else { return nil }
    }

    /// The field's value from 0 to 255, rounded down.
    func byte(_ pixel: Int) -> UInt8 { UInt8(truncatingIfNeeded: (pixel >> shift & most) * 255 / most) }
  }

  /// Of the second header, by version.
  static let sizes = [12, 16, 40, 52, 56, 64, 108, 124]

  let width: Int
  let height: Int
  let isTopDown: Bool
  /// Per pixel.
  let bits: Int
  let coding: Coding
  /// RGB triples; empty from 16 bits on.
  let palette: [UInt8]
  /// Of the pixels in the file.
  let offset: Int
  let resolution: Resolution?

  /// Bytes from one row to the next: whole groups of four.
  var rowBytes: Int { (width * bits + 31) / 32 * 4 }

  init(_ source: PictureSource) throws(PictureFault) {
    // Headers, bit fields and a palette of 256 colours end before this.
    self = try source.with(min(source.count, 2048), at: 0) { bytes throws(PictureFault) in
      try BMPHeader(bytes, fileBytes: source.count)
    }
  }

  private init(_ start: Bytes, fileBytes: Int) throws(PictureFault) {
    guard let pixels = start.u32(10), let size = start.u32(14), BMPHeader.sizes.contains(size) else { throw .tooShort }
    let isOld = size == 12
    let extents = isOld ? (start.u16(18), start.u16(20)) : (start.i32(18), start.i32(22))
    guard let width = extents.0, let height = extents.1, let bits = start.u16(isOld ? 24 : 28) else { throw .tooShort }
    guard width > 0, height != 0, height != Int(Int32.min) else { throw .damaged("it has no pixels") }
    (self.width, self.height, isTopDown, self.bits) = (width, abs(height), height < 0, bits)
    offset = pixels

    let code = size >= 40 ? start.u32(30) ?? 0 : 0
    var table = 14 + size
    switch (code, bits) {
    case (0, 1), (0, 4), (0, 8), (0, 24): coding = .plain
    case (0, 16): coding = .fields(try BMPHeader.fields([0x7C00, 0x03E0, 0x001F]))
    case (0, 32): coding = .fields(try BMPHeader.fields([0xFF0000, 0x00FF00, 0x0000FF]))
    case (1, 8), (2, 4):
      guard !isTopDown else { throw .damaged("runs from the top") }
      coding = .runs
    case (3, 16), (3, 32), (6, 16), (6, 32):
      // Behind the header of 40 bytes, or within a longer one.
      guard let red = start.u32(54), let green = start.u32(58), let blue = start.u32(62) else { throw .tooShort }
      coding = .fields(try BMPHeader.fields([red, green, blue]))
      if size == 40 { table += code == 6 ? 16 : 12 }
    default: throw .unsupported("\(bits) bits per pixel, coding \(code)")
    }

    palette =
      bits > 8
      ? []
      : try BMPHeader.palette(
        start, at: table, entryBytes: isOld ? 3 : 4, bits: bits, used: size >= 40 ? start.u32(46) ?? 0 : 0)
    if size >= 40, let x = start.i32(38), let y = start.i32(42) {
      resolution = Resolution(horizontal: Double(x), vertical: Double(y))
    } else {
      resolution = nil
    }
    // Before anybody makes room for the pixels.
    guard offset >= 14 + size, offset <= fileBytes else { throw .tooShort }
    if case .runs = coding { return }
    let (bytes, isTooMuch) = rowBytes.multipliedReportingOverflow(by: self.height)
    guard !isTooMuch, bytes <= fileBytes - offset else { throw .tooShort }
  }

  private static func fields(_ masks: [Int]) throws(PictureFault) -> [BitField] {
    let fields = masks.compactMap { BitField(mask: $0) }
    guard fields.count == 3 else { throw .damaged("invalid bit fields") }
    return fields
  }

  private static func palette(
    _ start: Bytes, at offset: Int, entryBytes: Int, bits: Int, used: Int
  ) throws(PictureFault) -> [UInt8] {
    guard used <= 256 else { throw .damaged("a palette of \(used) colours") }
    let count = used > 0 ? min(1 << bits, used) : 1 << bits
    guard let table = start.part(offset, count * entryBytes) else { throw .tooShort }
    var colors: [UInt8] = []
    for entry in 0..<count {
      let at = entry * entryBytes
      colors += [table.bytes[at + 2], table.bytes[at + 1], table.bytes[at]]
    }
    return colors
  }
}
