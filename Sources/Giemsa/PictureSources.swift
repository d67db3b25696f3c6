import Imaging
import Platform
import Text

extension Picture {
  /// Reads a picture file as RGB, turned as it is displayed: alpha dropped, 16 bits reduced to 8. Its first bytes tell the
  /// format: PNG, JPEG or BMP, and whatever else this build reads. Throws one line that names the file.
  public init(contentsOf path: String, _ options: PictureOptions = PictureOptions()) throws(ImagingError) {
    self = try PictureFile(path, options).picture
  }

  /// Decodes a picture file in memory; `name` stands at the head of error messages.
  public init(
    decoding bytes: UnsafeRawBufferPointer, named name: String, _ options: PictureOptions = PictureOptions()
  ) throws(ImagingError) {
    self = try PictureFile(bytes, named: name, options).picture
  }

  /// Copies pixels from the caller's memory: red, green and blue, 8 bits each, rows from top to bottom.
  ///
  /// - Parameters:
  ///   - pixels: `height` rows.
  ///   - width: in pixels; 1 to 16384.
  ///   - height: alike. Together at most 100,000,000 pixels.
  ///   - rowBytes: from one row to the next, at least `width` × 3.
  public init(
    copying pixels: UnsafePointer<UInt8>, width: Int, height: Int, rowBytes: Int
  ) throws(ImagingError) {
    let limits = PictureLimits()
    let sides = 1...limits.side
    guard sides.contains(width), sides.contains(height), width <= limits.pixels / height else {
      throw ImagingError(
        "\(width) × \(height) pixels; 1 to \(limits.side) a side are possible, \(limits.pixels) in all")
    }
    guard rowBytes >= width * 3, rowBytes <= Int.max / height else {
      throw ImagingError("rows of \(rowBytes) bytes; \(width) pixels take \(width * 3)")
    }
    guard platform_has_memory(width * height * 3) != 0 else {
      throw ImagingError("no memory for \(width) × \(height) pixels")
    }
    var copy: [UInt8] = []
    copy.reserveCapacity(width * height * 3)
    for row in 0..<height { copy += UnsafeBufferPointer(start: pixels + row * rowBytes, count: width * 3) }
    self.init(width: width, height: height, pixels: copy)
  }
}
