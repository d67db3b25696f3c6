import Text

/// Orientation and resolution in a block of EXIF: the first directory of a TIFF. Invalid values count as absent. No link is
/// followed, so that nothing can loop.
struct EXIF {
  private(set) var orientation = Orientation.upright
  private(set) var resolution: Resolution?

  /// nil if there is no directory.
  init?(_ block: Bytes) {
    var block = block
    if block.starts("MM") { block.isBigEndian = true } else if !block.starts("II") { return nil }
    guard block.u16(2) == 42, let directory = block.u32(4), let count = block.u16(directory) else { return nil }
    var (horizontal, vertical, unit) = (0.0, 0.0, 2)
    for entry in 0..<count {
      let at = directory + 2 + 12 * entry
      guard let tag = block.u16(at), let type = block.u16(at + 2), block.u32(at + 4) == 1 else { continue }
      switch (tag, type) {
      case (0x0112, 3): orientation = block.u16(at + 8).flatMap { Orientation(rawValue: $0) } ?? .upright
      case (0x011A, 5): horizontal = EXIF.rational(block, at + 8)
      case (0x011B, 5): vertical = EXIF.rational(block, at + 8)
      case (0x0128, 3): unit = block.u16(at + 8) ?? 2
      default: break
      }
    }
    switch unit {
    case 2: resolution = Resolution(perInch: horizontal, vertical)
    case 3: resolution = Resolution(perCentimetre: horizontal, vertical)
    default: break
    }
  }

  private static func rational(_ block: Bytes, _ link: Int) -> Double {
    guard let at = block.u32(link), let above = block.u32(at), let below = block.u32(at + 4), below > 0 else {
      return 0
    }
    return Double(above) / Double(below)
  }

  /// Of the first segment of a JPEG that holds EXIF.
  init?(inJPEG file: UnsafeRawBufferPointer) {
    let file = Bytes(bytes: file, isBigEndian: true)
    var at = 2
    // Segments before the pixels; cameras write fewer than ten.
    for _ in 0..<1000 {
      guard file.byte(at) == 0xFF, let marker = file.byte(at + 1) else { return nil }
      if marker == 0xFF {  // fill byte
        at += 1
        continue
      }
      guard let length = file.u16(at + 2), length >= 2, marker != 0xDA else { return nil }
      if marker == 0xE1, let segment = file.part(at + 4, length - 2), segment.starts("Exif\0\0"),
        let block = segment.part(6, segment.bytes.count - 6)
      {
        self.init(block)
        return
      }
      at += 2 + length
    }
    return nil
  }
}
