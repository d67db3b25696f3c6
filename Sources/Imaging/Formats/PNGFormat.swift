import PNGShim

/// PNG by libpng: every kind (1 to 16 bits, grey, palette, alpha, interlaced), as Pillow's `convert("RGB")` gives it:
/// alpha dropped, gamma ignored, 16 bits reduced to 8.
extension PictureFormat {
  static let png = PictureFormat(
    name: "PNG", suffixes: ["png"], advice: "Save it as an ordinary PNG, or leave it out.",
    decoder: Decoder(header: PNGDecoder.header, pixels: PNGDecoder.pixels),
    matches: { starts($0, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) })
}

private enum PNGDecoder {
  @Sendable static func header(_ source: PictureSource, _ options: PictureOptions) throws(PictureFault) -> PictureHeader
  {
    let bytes = try source.bytes()
    var facts = pngshim_header()
    let (status, reason) = ShimMessage.of(Int(PNGSHIM_MESSAGE)) {
      pngshim_read_header(bytes.baseAddress, bytes.count, &facts, $0)
    }
    guard status == 0 else { throw .damaged(reason) }
    var header = PictureHeader(width: Int(facts.width), height: Int(facts.height))
    header.resolution = Resolution(
      horizontal: Double(facts.x_per_metre), vertical: Double(facts.y_per_metre))
    return header
  }

  @Sendable static func pixels(
    _ source: PictureSource, _ header: PictureHeader, _ options: PictureOptions, _ target: PixelTarget
  ) throws(PictureFault) -> Bool {
    let bytes = try source.bytes()
    var highBits: UInt8 = 0
    let (status, reason) = ShimMessage.of(Int(PNGSHIM_MESSAGE)) {
      pngshim_read(bytes.baseAddress, bytes.count, Int32(options.bits), target.first, &highBits, $0)
    }
    guard status == 0 else { throw .damaged(reason) }
    return PictureFormat.isDim(highBits: highBits, options)
  }
}

extension PictureFormat {
  /// Whether 16-bit samples, taken whole, use less than an eighth of the range: 13 bits, five of them in the high byte.
  ///
  /// - Parameter highBits: bitwise OR of the samples' high bytes; 0xFF for samples of fewer bits.
  static func isDim(highBits: UInt8, _ options: PictureOptions) -> Bool { options.bits == 16 && highBits < 32 }
}
