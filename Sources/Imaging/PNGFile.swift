import PNGShim
import Platform

/// PNG files of every kind (1 to 16 bits, grey, palette, alpha, interlaced) to RGB and back.
public enum PNGFile {
  /// The longest side accepted: a whole-slide scan is far beyond what a cell classifier is for.
  public static let sideLimit = 16384
  /// The most pixels accepted: decoded, 300 MB.
  public static let pixelLimit = 100_000_000
  /// The largest file accepted.
  public static let byteLimit = 512 << 20

  /// Reads a picture as Pillow's `convert("RGB")` gives it: alpha dropped, gamma ignored, 16 bits cut to 8.
  public static func read(_ path: String) throws(ImagingError) -> Picture {
    var bytes: UnsafeMutableRawPointer?
    var count = 0
    switch platform_read_file(path, byteLimit, &bytes, &count) {
    case 0: break
    case PLATFORM_NOT_A_FILE: throw ImagingError("\(path): not a file")
    case PLATFORM_TOO_LARGE: throw ImagingError("\(path): larger than \(byteLimit >> 20) MiB, no cell picture")
    case let error: throw ImagingError("\(path): \(String(cString: platform_error_text(error)))")
    }
    defer { platform_free(bytes) }
    return try decode(UnsafeRawBufferPointer(start: bytes, count: count), named: path)
  }

  /// Decodes a PNG in memory; `name` stands at the head of error messages.
  public static func decode(_ bytes: UnsafeRawBufferPointer, named name: String) throws(ImagingError) -> Picture {
    guard isPNG(bytes) else { throw ImagingError("\(name): \(whatItIs(bytes))") }
    var (width, height) = (UInt32(0), UInt32(0))
    var reason = ""
    let limit = UInt32(sideLimit)
    let sized = withMessage(&reason) { pngshim_size(bytes.baseAddress, bytes.count, limit, &width, &height, $0) }
    guard sized == 0 else { throw broken(name, reason) }
    let count = Int(width) * Int(height)
    guard count <= pixelLimit else {
      throw ImagingError("\(name): \(width) × \(height) pixels, more than \(pixelLimit); cut it into cells first")
    }
    var status: Int32 = -1
    let pixels = [UInt8](unsafeUninitializedCapacity: count * 3) { buffer, filled in
      // A damaged picture leaves its end unwritten; it is thrown away, but an array must not hold such bytes.
      buffer.initialize(repeating: 0)
      filled = count * 3
      status = withMessage(&reason) { pngshim_read(bytes.baseAddress, bytes.count, limit, buffer.baseAddress, $0) }
    }
    guard status == 0 else { throw broken(name, reason) }
    return Picture(width: Int(width), height: Int(height), pixels: pixels)
  }

  /// The bytes of an RGB PNG.
  public static func encode(_ picture: Picture) throws(ImagingError) -> [UInt8] {
    var bytes: UnsafeMutableRawPointer?
    var count = 0
    var reason = ""
    let status = picture.pixels.withUnsafeBufferPointer { pixels in
      withMessage(&reason) {
        pngshim_write(pixels.baseAddress, UInt32(picture.width), UInt32(picture.height), &bytes, &count, $0)
      }
    }
    guard status == 0 else { throw ImagingError("cannot encode a PNG (\(reason))") }
    defer { pngshim_free(bytes) }
    return Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  /// Writes an RGB PNG; the file at `path` is replaced only when the new one is whole.
  public static func write(_ picture: Picture, to path: String) throws(ImagingError) {
    let bytes = try encode(picture)
    let error = bytes.withUnsafeBytes { platform_replace_file(path, $0.baseAddress, $0.count) }
    guard error == 0 else {
      throw ImagingError("\(path): cannot write (\(String(cString: platform_error_text(error))))")
    }
  }

  private static func withMessage(_ reason: inout String, _ body: (UnsafeMutablePointer<CChar>) -> Int32) -> Int32 {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PNGSHIM_MESSAGE)) { buffer in
      guard let base = buffer.baseAddress else { return -1 }
      base.initialize(repeating: 0, count: buffer.count)
      let status = body(base)
      if status != 0 { reason = String(cString: base) }
      return status
    }
  }

  private static func broken(_ name: String, _ reason: String) -> ImagingError {
    ImagingError("\(name): damaged PNG (\(reason)). Copy or export it again, or leave it out.")
  }

  private static func isPNG(_ bytes: UnsafeRawBufferPointer) -> Bool {
    starts(bytes, with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  private static func starts(_ bytes: UnsafeRawBufferPointer, with magic: [UInt8]) -> Bool {
    guard bytes.count >= magic.count else { return false }
    for (index, byte) in magic.enumerated() where bytes[index] != byte { return false }
    return true
  }

  /// `not a PNG (starts with ff d8 ff: a JPEG?). Convert it, or leave it out.`
  private static func whatItIs(_ bytes: UnsafeRawBufferPointer) -> String {
    if bytes.isEmpty { return "empty file" }
    let kinds: [(magic: [UInt8], name: String)] = [
      ([0xFF, 0xD8, 0xFF], "a JPEG"), (Array("GIF8".utf8), "a GIF"), (Array("BM".utf8), "a BMP"),
      (Array("II*".utf8) + [0], "a TIFF"), ([0x4D, 0x4D, 0x00, 0x2A], "a TIFF"), (Array("RIFF".utf8), "a WebP"),
      (Array("%PDF".utf8), "a PDF"), (Array("PK".utf8), "a ZIP archive"),
      // A PNG that went through a text-mode transfer.
      ([0x89, 0x50, 0x4E, 0x47], "a PNG damaged in transfer"),
    ]
    let hex = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for index in 0..<min(3, bytes.count) {
      if index > 0 { text.append(0x20) }
      text += [hex[Int(bytes[index] >> 4)], hex[Int(bytes[index] & 15)]]
    }
    let start = String(decoding: text, as: UTF8.self)
    let guess = kinds.first { starts(bytes, with: $0.magic) }.map { ": \($0.name)?" } ?? ""
    return "not a PNG (starts with \(start)\(guess)). Convert it, or leave it out."
  }
}
