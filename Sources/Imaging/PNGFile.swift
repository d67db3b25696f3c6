import PNGShim
import Platform
import Text

/// Reads PNG files of every kind (1 to 16 bits, grey, palette, alpha, interlaced) as RGB, and writes RGB.
public enum PNGFile {
  /// Maximum length of a side: whole-slide scans are far beyond what a cell classifier is for.
  public static let sideLimit = 16384
  /// Maximum number of pixels: 300 MB when decoded.
  public static let pixelLimit = 100_000_000
  /// Maximum file size.
  public static let byteLimit = 512 << 20

  /// Reads a picture like Pillow's `convert("RGB")`: alpha dropped, gamma ignored, 16 bits reduced to 8.
  public static func read(_ path: String) throws(ImagingError) -> Picture {
    var bytes: UnsafeMutableRawPointer?
    var count = 0
    switch path.withPath({ platform_read_file($0, byteLimit, &bytes, &count) }) {
    case 0: break
    case PLATFORM_NOT_A_FILE: throw ImagingError("\(path): not a file")
    case PLATFORM_TOO_LARGE:
      throw ImagingError("\(path): larger than \(byteLimit >> 20) MiB, too large for a cell picture")
    case let error: throw ImagingError("\(path): \(String(cString: platform_error_text(error)))")
    }
    defer { platform_free(bytes) }
    return try decode(UnsafeRawBufferPointer(start: bytes, count: count), named: path)
  }

  /// Decodes a PNG in memory; error messages begin with `name`.
  public static func decode(_ bytes: UnsafeRawBufferPointer, named name: String) throws(ImagingError) -> Picture {
    guard PictureFormat(bytes) == .png else { throw ImagingError("\(name): \(whatItIs(bytes))") }
    var (width, height) = (UInt32(0), UInt32(0))
    var reason = ""
    let limit = UInt32(sideLimit)
    let sized = withMessage(&reason) { pngshim_size(bytes.baseAddress, bytes.count, limit, &width, &height, $0) }
    guard sized != PNGSHIM_TOO_LARGE else {
      throw ImagingError(
        "\(name): \(width) × \(height) pixels; a side may have \(sideLimit) at most. Cut the picture into cells first")
    }
    guard sized == 0 else { throw broken(name, reason) }
    let count = Int(width) * Int(height)
    guard count <= pixelLimit else {
      throw ImagingError(
        "\(name): \(width) × \(height) pixels, more than \(pixelLimit) in all. Cut the picture into cells first")
    }
    guard platform_has_memory(count * 3) != 0 else {
      throw ImagingError("\(name): no memory for \(width) × \(height) pixels")
    }
    var status: Int32 = -1
    var highBits: UInt8 = 0xFF
    let pixels = [UInt8](unsafeUninitializedCapacity: count * 3) { buffer, filled in
      // A damaged picture leaves the end of the array uninitialised. The array is discarded, but must not contain
      // uninitialised bytes.
      buffer.initialize(repeating: 0)
      filled = count * 3
      status = withMessage(&reason) { pngshim_read(bytes.baseAddress, bytes.count, buffer.baseAddress, &highBits, $0) }
    }
    guard status == 0 else { throw broken(name, reason) }
    var picture = Picture(width: Int(width), height: Int(height), pixels: pixels)
    // An eighth of the 16-bit range is 13 bits: five bits of the high byte.
    picture.isDim = highBits < 32
    return picture
  }

  /// Encodes an RGB PNG.
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

  /// Writes an RGB PNG atomically: the file at `path` is replaced only when the new one is complete.
  public static func write(_ picture: Picture, to path: String) throws(ImagingError) {
    let bytes = try encode(picture)
    let error = path.withPath { path in
      bytes.withUnsafeBytes { platform_replace_file(path, $0.baseAddress, $0.count) }
    }
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

  /// `not a PNG (starts with ff d8 ff: a JPEG?). Convert it, or leave it out.`
  private static func whatItIs(_ bytes: UnsafeRawBufferPointer) -> String {
    if bytes.isEmpty { return "empty file" }
    let hex = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for index in 0..<min(3, bytes.count) {
      if index > 0 { text.append(0x20) }
      text += [hex[Int(bytes[index] >> 4)], hex[Int(bytes[index] & 15)]]
    }
    let start = String(decoding: text, as: UTF8.self)
    var guess = ""
    if case .other(let name)? = PictureFormat(bytes) {
      guess = ": \(name)?"
    } else if PictureFormat.starts(bytes, with: Array("%PDF".utf8)) {
      guess = ": a PDF?"
    } else if PictureFormat.starts(bytes, with: Array("PK".utf8)) {
      guess = ": a ZIP archive?"
    }
    return "not a PNG (starts with \(start)\(guess)). Convert it, or leave it out."
  }
}
