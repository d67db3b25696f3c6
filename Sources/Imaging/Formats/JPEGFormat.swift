import JPEGShim

/// JPEG by libjpeg-turbo: baseline and progressive, grey, RGB, YCbCr, CMYK and YCCK, with the same pixels as Pillow, turned
/// as EXIF says.
extension PictureFormat {
  static let jpeg = PictureFormat(
    name: "JPEG", suffixes: ["jpg", "jpeg", "jpe", "jfif"],
    advice: "Save it as an ordinary JPEG or PNG, or leave it out.",
    decoder: Decoder(header: JPEGDecoder.header, pixels: JPEGDecoder.pixels),
    matches: { starts($0, [0xFF, 0xD8, 0xFF]) })
}

private enum JPEGDecoder {
  @Sendable static func header(_ source: PictureSource, _ options: PictureOptions) throws(PictureFault) -> PictureHeader
  {
    let bytes = try source.bytes()
    var facts = jpegshim_header()
    try check { jpegshim_read_header(bytes.baseAddress, bytes.count, &facts, $0) }
    var header = PictureHeader(width: Int(facts.width), height: Int(facts.height))
    header.workingBytes = facts.working_bytes
    let (x, y) = (Double(facts.x_density), Double(facts.y_density))
    switch facts.density_unit {
    case 1: header.resolution = Resolution(perInch: x, y)
    case 2: header.resolution = Resolution(perCentimetre: x, y)
    default: break
    }
    if let exif = EXIF(inJPEG: bytes) {
      header.orientation = exif.orientation
      header.resolution = exif.resolution ?? header.resolution
    }
    reduce(&header, options.enough)
    return header
  }

  /// Chooses the fraction at which the picture is decoded: the smallest whose extents are not below `enough`, as Pillow's
  /// `draft` does.
  private static func reduce(_ header: inout PictureHeader, _ enough: (width: Int, height: Int)?) {
    guard let enough, enough.width > 0, enough.height > 0 else { return }
    let (width, height) = header.stored
    let least = header.orientation.isTurned ? (enough.height, enough.width) : (enough.width, enough.height)
    let scale = min(width / least.0, height / least.1)
    header.reduction = scale >= 8 ? 8 : scale >= 4 ? 4 : scale >= 2 ? 2 : 1
    let up = header.reduction - 1
    header.decoded = ((width + up) / header.reduction, (height + up) / header.reduction)
  }

  @Sendable static func pixels(
    _ source: PictureSource, _ header: PictureHeader, _ options: PictureOptions, _ target: PixelTarget
  ) throws(PictureFault) -> Bool {
    let bytes = try source.bytes()
    try check {
      jpegshim_read(
        bytes.baseAddress, bytes.count, UInt32(header.stored.width), UInt32(header.stored.height),
        UInt32(header.reduction), target.first, target.pixelStep, target.rowStep, $0)
    }
    return false
  }

  private static func check(_ body: (UnsafeMutablePointer<CChar>) -> Int32) throws(PictureFault) {
    switch ShimMessage.of(Int(JPEGSHIM_MESSAGE), body) {
    case (0, _): return
    case (JPEGSHIM_UNSUPPORTED, let reason): throw .unsupported(reason)
    case (_, let reason): throw .damaged(reason)
    }
  }
}
