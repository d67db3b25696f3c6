import Text

#if WebP
  import WebPShim
#endif

/// WebP by libwebp, which the static field program leaves out: lossy and lossless, turned as EXIF says, alpha dropped.
extension PictureFormat {
  static let webp = PictureFormat(
    name: "WebP", suffixes: ["webp"], advice: WebPDecoder.advice, decoder: WebPDecoder.decoder,
    matches: { starts($0, "RIFF") && starts($0, "WEBP", at: 8) })
}

#if WebP
  private enum WebPDecoder {
    static let advice = "Save it as PNG."
    static let decoder: PictureFormat.Decoder? = PictureFormat.Decoder(header: header, pixels: pixels)

    @Sendable static func header(
      _ source: PictureSource, _ options: PictureOptions
    ) throws(PictureFault) -> PictureHeader {
      let bytes = try source.bytes()
      var facts = webpshim_header()
      try check(webpshim_read_header(bytes.baseAddress, bytes.count, &facts))
      var header = PictureHeader(width: Int(facts.width), height: Int(facts.height))
      if let exif = exif(Bytes(bytes: bytes)) {
        header.orientation = exif.orientation
        header.resolution = exif.resolution
      }
      // A lossless picture is decoded to 4 bytes per pixel first; a turned one to a picture of its own.
      let pixels = header.stored.width * header.stored.height
      header.workingBytes = 1 << 20 + ((facts.is_lossless != 0 ? 4 : 0) + (header.isUpright ? 0 : 3)) * pixels
      return header
    }

    /// The metadata chunk, behind the pixels.
    private static func exif(_ file: Bytes) -> EXIF? {
      var at = 12
      while let name = file.part(at, 4), let size = file.u32(at + 4) {
        if name.starts("EXIF"), let block = file.part(at + 8, size) {
          // Some writers put JPEG's prefix in front.
          return EXIF(block.starts("Exif\0\0") ? block.part(6, size - 6) ?? block : block)
        }
        at += 8 + size + size % 2
      }
      return nil
    }

    @Sendable static func pixels(
      _ source: PictureSource, _ header: PictureHeader, _ options: PictureOptions, _ target: PixelTarget
    ) throws(PictureFault) -> Bool {
      let bytes = try source.bytes()
      let (width, height) = header.stored
      func read(_ pixels: UnsafeMutablePointer<UInt8>) throws(PictureFault) {
        try check(webpshim_read(bytes.baseAddress, bytes.count, UInt32(width), UInt32(height), pixels))
      }
      if header.isUpright {
        try read(target.first)
        return false
      }
      let stored = UnsafeMutablePointer<UInt8>.allocate(capacity: width * height * 3)
      defer { stored.deallocate() }
      try read(stored)
      for y in 0..<height {
        for x in 0..<width {
          (target.first + x * target.pixelStep + y * target.rowStep).update(
            from: stored + (y * width + x) * 3, count: 3)
        }
      }
      return false
    }

    private static func check(_ status: Int32) throws(PictureFault) {
      switch status {
      case 0: return
      case WEBPSHIM_TOO_SHORT: throw .tooShort
      case WEBPSHIM_ANIMATED: throw .unsupported("animated")
      case WEBPSHIM_NO_MEMORY: throw .damaged("it takes too much memory")
      default: throw .damaged("its pixels are invalid")
      }
    }
  }

  extension PictureHeader {
    fileprivate var isUpright: Bool { orientation == .upright }
  }
#else
  private enum WebPDecoder {
    static let advice = "This build leaves WebP out. Convert it to PNG: dwebp a.webp -o a.png (libwebp)."
    static let decoder: PictureFormat.Decoder? = nil
  }
#endif
