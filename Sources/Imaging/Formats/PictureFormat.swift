import Text

/// A format of picture files: how it is recognised, and how it is decoded.
///
/// A format is a file in this folder and a line in ``all``.
struct PictureFormat: Sendable {
  /// `JPEG`
  let name: String
  /// What the names of its files end in, in lower case.
  let suffixes: [String]
  /// What to do with a file that is not read: a sentence.
  let advice: String
  /// Whether a file is of this format, by its first ``startBytes`` bytes, or fewer if it is shorter.
  let matches: @Sendable (_ start: [UInt8]) -> Bool
  /// nil if the format is not read, or not in this build.
  var decoder: Decoder?

  struct Decoder: Sendable {
    /// Whether it can decode at a fraction.
    var reduces = false
    /// Reads what comes before the pixels.
    let header: @Sendable (PictureSource, PictureOptions) throws(PictureFault) -> PictureHeader
    /// Decodes all pixels to RGB. Returns whether they are 16-bit samples that use less than an eighth of the range.
    let pixels: @Sendable (PictureSource, PictureHeader, PictureOptions, PixelTarget) throws(PictureFault) -> Bool
  }

  static let all = [png, jpeg, bmp, tiff, webp] + unread

  /// Bytes that the formats are told apart by.
  static let startBytes = 32

  /// The format of a file that begins with these bytes; nil if it is unknown.
  init?(_ start: [UInt8]) {
    guard let known = PictureFormat.all.first(where: { $0.matches(start) }) else { return nil }
    self = known
  }

  init(
    name: String, suffixes: [String], advice: String, decoder: Decoder? = nil,
    matches: @escaping @Sendable ([UInt8]) -> Bool
  ) {
    (self.name, self.suffixes, self.advice, self.matches, self.decoder) = (name, suffixes, advice, matches, decoder)
  }

  /// nil if the format is unknown or the file cannot be read.
  static func ofFile(_ path: String) -> PictureFormat? {
    do throws(ImagingError) {
      var limits = PictureLimits()
      limits.bytes = .max
      return PictureFormat(try PictureSource(opening: path, limits).start())
    } catch {
      return nil
    }
  }

  /// The format that a file's name promises.
  static func named(suffix: String) -> PictureFormat? {
    suffix.isEmpty ? nil : all.first { format in format.suffixes.contains { $0.utf8.elementsEqual(suffix.utf8) } }
  }

  /// Names of the formats that are read, for sentences: `PNG and JPEG`.
  static var namesRead: String {
    let names = all.filter { $0.decoder != nil }.map { $0.name }
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }

  /// Says of a file of no known format how it begins: `no picture (starts with 25 50 44: a PDF?). …`.
  static func unknown(_ start: [UInt8]) -> String {
    if start.isEmpty { return "empty file" }
    let hex = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in start.prefix(3) {
      if !text.isEmpty { text.append(0x20) }
      text += [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
    }
    let guess = starts(start, "%PDF") ? ": a PDF?" : starts(start, "PK") ? ": a ZIP archive?" : ""
    return "not a picture that is read here: \(namesRead) are (starts with \(String(decoding: text, as: UTF8.self))"
      + "\(guess)). Convert it, or leave it out."
  }

  /// Whether `text`, or `bytes`, stands at `offset`.
  static func starts(_ start: [UInt8], _ text: StaticString, at offset: Int = 0) -> Bool {
    text.withUTF8Buffer { starts(start, Array($0), at: offset) }
  }

  static func starts(_ start: [UInt8], _ bytes: [UInt8], at offset: Int = 0) -> Bool {
    start.count >= offset + bytes.count && start[offset..<(offset + bytes.count)].elementsEqual(bytes)
  }
}
