#if JPEG
  import JPEGShim
#endif

/// JPEG by libjpeg-turbo: baseline and progressive, grey, RGB, YCbCr, CMYK and YCCK, with the same pixels as Pillow, turned
/// as EXIF says.
extension PictureFormat {
  static let jpeg = PictureFormat(
    name: "JPEG", suffixes: ["jpg", "jpeg", "jpe", "jfif"],
    advice: JPEGDecoder.advice,
    decoder: JPEGDecoder.decoder,
    matches: { starts($0, [0xFF, 0xD8, 0xFF]) })
}

#if JPEG
  private enum JPEGDecoder {
    static let advice = "Save it as an ordinary JPEG or PNG, or leave it out."
    static let decoder: PictureFormat.Decoder? = PictureFormat.Decoder(reduces: true, header: header, pixels: pixels)

    @Sendable static func header(_ source: PictureSource, _ options: PictureOptions) throws(PictureFault)
      -> PictureHeader
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
      let (width, height) = header.displayed
      let reduction = options.reduction(width: width, height: height)
      let up = reduction - 1
      header.reduction = reduction
      header.decoded = ((header.stored.width + up) / reduction, (header.stored.height + up) / reduction)
      return header
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
#else
  private enum JPEGDecoder {
    static let advice = "This build leaves JPEG out. Convert it to PNG."
    static let decoder: PictureFormat.Decoder? = nil
  }
#endif
