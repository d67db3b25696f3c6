import Platform
import Text

/// A picture that was read from a file or from memory: the front door of this module.
///
/// The first bytes decide which format it is, never the name. `Formats` has a file for each format; this file checks the
/// limits, finds the memory, and words every error. It reads pictures whole: whole-slide scans in tiles are not for it.
public struct PictureFile: Sendable {
  /// As displayed: rotated and mirrored as the file says.
  public let picture: Picture
  /// `JPEG`
  public let format: String
  /// Pixels per metre, if the file says it. Cameras often write 72 or 96 pixels per inch without having measured
  /// anything.
  public let resolution: Resolution?
  /// What a person should know of this file.
  public let notes: [PictureNote]
  /// Pixels of the file that became one, along each axis: 1, or 2, 4 or 8 if less was enough (``PictureOptions/enough``).
  public let reduction: Int
  /// Whether files of this format can be decoded at a fraction.
  let isReducible: Bool

  /// The formats that this build reads, for sentences: `PNG and JPEG`.
  public static var formatsRead: String { PictureFormat.namesRead }

  /// Reads a file. Throws one line that begins with `path`.
  public init(_ path: String, _ options: PictureOptions = PictureOptions()) throws(ImagingError) {
    try self.init(PictureSource(opening: path, options.limits), named: path, options)
  }

  /// Decodes a file in memory. Throws one line that begins with `name`.
  public init(
    _ bytes: UnsafeRawBufferPointer, named name: String, _ options: PictureOptions = PictureOptions()
  ) throws(ImagingError) {
    try self.init(PictureSource(bytes), named: name, options)
  }

  private init(_ source: PictureSource, named name: String, _ options: PictureOptions) throws(ImagingError) {
    let start = source.start()
    guard let format = PictureFormat(start) else { throw ImagingError("\(name): \(PictureFormat.unknown(start))") }
    guard let decoder = format.decoder else {
      throw ImagingError("\(name): \(format.name) is not read here. \(format.advice)")
    }
    do throws(PictureFault) {
      let header = try decoder.header(source, options)
      try options.limits.check(header)
      let (width, height) = header.displayed
      let count = width * height * 3
      guard platform_has_memory(count + header.workingBytes) != 0 else { throw .noMemory(width, height) }
      let decoded = PictureFile.decoded(source, decoder, header, options, count: count)
      guard source.isUnchanged else { throw .unreadable("it changed while it was read") }
      if let fault = decoded.fault { throw fault }
      picture = Picture(width: width, height: height, pixels: decoded.pixels)
      self.format = format.name
      resolution = header.resolution?.displayed(header.orientation)
      notes = header.notes + (decoded.isDim ? [.dim] : [])
      reduction = header.reduction
      isReducible = decoder.reduces
    } catch {
      throw ImagingError(name, format, error, options.limits)
    }
  }

  private static func decoded(
    _ source: PictureSource, _ decoder: PictureFormat.Decoder, _ header: PictureHeader, _ options: PictureOptions,
    count: Int
  ) -> (pixels: [UInt8], isDim: Bool, fault: PictureFault?) {
    var isDim = false
    var fault: PictureFault?
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      // A damaged picture leaves pixels out. The array is discarded then, but must not contain uninitialised bytes.
      buffer.initialize(repeating: 0)
      filled = count
      guard let base = buffer.baseAddress else { return }
      do throws(PictureFault) {
        isDim = try decoder.pixels(source, header, options, PixelTarget(base, header))
      } catch {
        fault = error
      }
    }
    return (pixels, isDim, fault)
  }
}
