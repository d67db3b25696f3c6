import Text

#if TIFF
  import TIFFShim
#endif

/// TIFF by libtiff: the first picture of a file, in strips or tiles, its channels together or apart, turned as its tags say.
/// LZW, Deflate, JPEG, PackBits or no compression.
extension PictureFormat {
  static let tiff = PictureFormat(
    name: "TIFF", suffixes: ["tif", "tiff"], advice: TIFFDecoder.advice,
    decoder: TIFFDecoder.decoder,
    matches: { start in
      starts(start, "II*\0") || starts(start, "MM\0*") || starts(start, "II+\0") || starts(start, "MM\0+")
    })
}

#if TIFF
  private enum TIFFDecoder {
    static let advice = "Save it with 8 bits per channel, as RGB, or as PNG."
    static let decoder: PictureFormat.Decoder? = PictureFormat.Decoder(header: header, pixels: pixels)

    @Sendable static func header(
      _ source: PictureSource, _ options: PictureOptions
    ) throws(PictureFault) -> PictureHeader {
      var facts = tiffshim_header()
      var place = source.forTIFF
      try check { tiffshim_read_header(&place, &facts, $0) }
      var header = PictureHeader(width: Int(facts.width), height: Int(facts.height))
      header.workingBytes = facts.working_bytes
      header.orientation = Orientation(rawValue: Int(facts.orientation)) ?? .upright
      let (x, y) = (Double(facts.x_resolution), Double(facts.y_resolution))
      switch facts.resolution_unit {
      case 2: header.resolution = Resolution(perInch: x, y)
      case 3: header.resolution = Resolution(perCentimetre: x, y)
      default: break
      }
      if facts.has_more != 0 { header.notes.append(.firstOfSeveral) }
      return header
    }

    @Sendable static func pixels(
      _ source: PictureSource, _ header: PictureHeader, _ options: PictureOptions, _ target: PixelTarget
    ) throws(PictureFault) -> Bool {
      var place = source.forTIFF
      var highBits: UInt8 = 0
      try check {
        tiffshim_read(
          &place, Int32(options.bits), UInt32(header.stored.width), UInt32(header.stored.height), target.first,
          target.pixelStep, target.rowStep, &highBits, $0)
      }
      return PictureFormat.isDim(highBits: highBits, options)
    }

    private static func check(_ body: (UnsafeMutablePointer<CChar>) -> Int32) throws(PictureFault) {
      switch ShimMessage.of(Int(TIFFSHIM_MESSAGE), body) {
      case (0, _): return
      case (TIFFSHIM_UNSUPPORTED, let reason): throw .unsupported(reason)
      case (_, let reason): throw .damaged(reason)
      }
    }
  }

  extension PictureSource {
    fileprivate var forTIFF: tiffshim_source {
      tiffshim_source(bytes: place.memory, count: count, file: place.file)
    }
  }
#else
  private enum TIFFDecoder {
    static let advice = "This build leaves TIFF out. Convert it to PNG."
    static let decoder: PictureFormat.Decoder? = nil
  }
#endif
