import Platform
import Text

/// The format of a picture file, recognised by its first bytes, for messages about files that are not PNG.
enum PictureFormat: Equatable {
  case png
  /// `a JPEG`
  case other(String)

  /// File name extensions of pictures in any format, in lower case.
  static let suffixes = [
    "png", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "bmp", "dib", "gif", "webp", "heic", "heif", "avif", "jp2",
    "j2k", "jxl", "ppm", "pgm", "pnm", "tga", "dng", "dcm", "svs", "ndpi", "czi", "nd2", "lif", "scn", "mrxs",
  ]

  private static let pngMagic: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  init?(_ bytes: UnsafeRawBufferPointer) {
    if Self.starts(bytes, with: Self.pngMagic) {
      self = .png
      return
    }
    let kinds: [(magic: [UInt8], name: String)] = [
      ([0xFF, 0xD8, 0xFF], "a JPEG"), (Array("GIF8".utf8), "a GIF"), (Array("BM".utf8), "a BMP"),
      (Array("II*".utf8) + [0], "a TIFF"), ([0x4D, 0x4D, 0x00, 0x2A], "a TIFF"), (Array("RIFF".utf8), "a WebP"),
      // A PNG damaged by a text-mode transfer.
      ([0x89, 0x50, 0x4E, 0x47], "a PNG damaged in transfer"),
    ]
    guard let kind = kinds.first(where: { Self.starts(bytes, with: $0.magic) }) else { return nil }
    self = .other(kind.name)
  }

  /// nil if the format is unknown or the file cannot be read.
  init?(ofFile path: String) {
    var (file, size) = (Int32(-1), UInt64(0))
    guard path.withPath({ platform_open_file($0, &file, &size) }) == 0 else { return nil }
    defer { platform_close(file) }
    var start = [UInt8](repeating: 0, count: Int(min(size, 8)))
    let status = start.withUnsafeMutableBytes { platform_read_at(file, 0, $0.baseAddress, $0.count) }
    guard status == 0 else { return nil }
    let format = start.withUnsafeBytes { PictureFormat($0) }
    guard let format else { return nil }
    self = format
  }

  static func starts(_ bytes: UnsafeRawBufferPointer, with magic: [UInt8]) -> Bool {
    guard bytes.count >= magic.count else { return false }
    for (index, byte) in magic.enumerated() where bytes[index] != byte { return false }
    return true
  }
}
