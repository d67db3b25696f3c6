/// BMP, decoded here: 1, 4, 8, 16, 24 and 32 bits per pixel, palettes, bit fields, run-length coding, both row orders. Alpha is
/// dropped. Pixels are as Pillow's. https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
extension PictureFormat {
  static let bmp = PictureFormat(
    name: "BMP", suffixes: ["bmp", "dib"], advice: "Save it as PNG, or as BMP with 24 bits per pixel.",
    decoder: Decoder(header: BMPDecoder.header, pixels: BMPDecoder.pixels),
    // "BM" alone may be text.
    matches: { starts($0, "BM") && $0.count > 17 && BMPHeader.sizes.contains(Int($0[14])) && $0[15] == 0 })
}

private enum BMPDecoder {
  @Sendable static func header(_ source: PictureSource, _ options: PictureOptions) throws(PictureFault) -> PictureHeader
  {
    let found = try BMPHeader(source)
    var header = PictureHeader(width: found.width, height: found.height)
    header.resolution = found.resolution
    return header
  }

  @Sendable static func pixels(
    _ source: PictureSource, _ header: PictureHeader, _ options: PictureOptions, _ target: PixelTarget
  ) throws(PictureFault) -> Bool {
    let found = try BMPHeader(source)
    guard found.width == header.stored.width, found.height == header.stored.height else {
      throw .damaged("its extents change")
    }
    let rows = BMPRows(found, target)
    if case .runs = found.coding {
      try rows.fillRuns(Bytes(bytes: try source.bytes()))
    } else {
      for row in 0..<found.height {
        try source.with(found.rowBytes, at: found.offset + row * found.rowBytes) { bytes throws(PictureFault) in
          try rows.fill(row, bytes.bytes)
        }
      }
    }
    return false
  }
}
