import PNGShim
import Platform
import Text

/// Writes pictures as RGB PNG files. ``PictureFile`` reads them.
public enum PNGFile {
  /// Encodes an RGB PNG.
  public static func encode(_ picture: Picture) throws(ImagingError) -> [UInt8] {
    var bytes: UnsafeMutableRawPointer?
    var count = 0
    let (status, reason) = picture.pixels.withUnsafeBufferPointer { pixels in
      ShimMessage.of(Int(PNGSHIM_MESSAGE)) {
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
}
