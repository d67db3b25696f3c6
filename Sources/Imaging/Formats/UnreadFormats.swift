/// Formats that are recognised in order to say what to do with them.
extension PictureFormat {
  static let unread = [damagedPNG, heic, avif, gif, jpeg2000, jpegXL, netpbm, others]

  private static let damagedPNG = PictureFormat(
    name: "a PNG damaged by a transfer as text", suffixes: [], advice: "Copy it again, in binary mode.",
    matches: { starts($0, [0x89, 0x50, 0x4E, 0x47]) || starts($0, [0x09, 0x50, 0x4E, 0x47]) })

  private static let heic = PictureFormat(
    name: "HEIC", suffixes: ["heic", "heif"],
    advice: "Convert it to JPEG: heif-convert a.heic a.jpg (libheif), or let the phone save JPEG.",
    matches: { start in
      let brands: [StaticString] = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"]
      return starts(start, "ftyp", at: 4) && brands.contains { starts(start, $0, at: 8) }
    })

  private static let avif = PictureFormat(
    name: "AVIF", suffixes: ["avif"], advice: "Convert it to PNG: avifdec a.avif a.png (libavif).",
    matches: { starts($0, "ftypavif", at: 4) || starts($0, "ftypavis", at: 4) })

  private static let gif = PictureFormat(
    name: "GIF", suffixes: ["gif"], advice: convert, matches: { starts($0, "GIF8") })

  private static let jpeg2000 = PictureFormat(
    name: "JPEG 2000", suffixes: ["jp2", "j2k", "jpx"],
    advice: "Convert it to PNG: opj_decompress -i a.jp2 -o a.png (OpenJPEG).",
    matches: { starts($0, "jP  ", at: 4) || starts($0, [0xFF, 0x4F, 0xFF, 0x51]) })

  private static let jpegXL = PictureFormat(
    name: "JPEG XL", suffixes: ["jxl"], advice: "Convert it to PNG: djxl a.jxl a.png (libjxl).",
    matches: { starts($0, "JXL ", at: 4) || starts($0, [0xFF, 0x0A]) })

  private static let netpbm = PictureFormat(
    name: "PPM", suffixes: ["ppm", "pgm", "pnm", "pbm"], advice: convert,
    matches: { start in
      start.count > 2 && start[0] == UInt8(ascii: "P") && (0x31...0x36).contains(start[1])
        && [0x0A, 0x0D, 0x20, 0x09].contains(start[2])
    })

  /// Microscopes' and other formats that are known by their names only.
  private static let others = PictureFormat(
    name: "this format",
    suffixes: [
      "tga", "dng", "cr2", "nef", "arw", "dcm", "svs", "ndpi", "czi", "nd2", "lif", "oib", "vsi", "scn", "mrxs",
    ],
    advice: "Export it to PNG or JPEG with the microscope's or camera's own program.", matches: { _ in false })

  private static let convert = "Convert it to PNG: convert a.gif a.png (ImageMagick)."
}
