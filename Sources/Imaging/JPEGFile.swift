import JPEGShim
import Text

/// Writes pictures as JPEG files. ``PictureFile`` reads them.
public enum JPEGFile {
  /// Sides that a JPEG can have.
  public static let sides = 1...65_535

  /// Encodes a baseline JPEG without subsampled colours.
  ///
  /// - Parameters:
  ///   - picture: its sides must be in ``sides``.
  ///   - quality: 1 to 100, as libjpeg counts it.
  public static func encode(_ picture: Picture, quality: Int) throws(ImagingError) -> [UInt8] {
    guard sides.contains(picture.width), sides.contains(picture.height) else {
      throw ImagingError("a JPEG cannot have \(picture.width) × \(picture.height) pixels")
    }
    var bytes: UnsafeMutableRawPointer?
    var count = 0
    let status = picture.pixels.withUnsafeBufferPointer { pixels in
      jpegshim_write(
        pixels.baseAddress, UInt32(picture.width), UInt32(picture.height), Int32(min(max(quality, 1), 100)), &bytes,
        &count)
    }
    guard status == 0 else { throw ImagingError("no memory to encode a JPEG") }
    defer { jpegshim_free(bytes) }
    return Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }
}
