import Imaging
import Platform

extension Picture {
  /// Reads a PNG file of any kind as RGB: alpha dropped, 16 bits cut to 8. Throws one line that names the file.
  public init(contentsOf path: String) throws(ImagingError) { self = try PNGFile.read(path) }

  /// Decodes a PNG in memory; `name` stands at the head of error messages.
  public init(png bytes: UnsafeRawBufferPointer, named name: String) throws(ImagingError) {
    self = try PNGFile.decode(bytes, named: name)
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
    let sides = 1...PNGFile.sideLimit
    guard sides.contains(width), sides.contains(height), width * height <= PNGFile.pixelLimit else {
      throw ImagingError(
        "\(width) × \(height) pixels; 1 to \(PNGFile.sideLimit) a side are possible, \(PNGFile.pixelLimit) in all")
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
