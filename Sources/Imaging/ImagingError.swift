import Text

/// An error about a picture or its preprocessing: one line that names the file and says what to do.
public struct ImagingError: Error, Sendable, CustomStringConvertible {
  public let message: String
  /// The limit that the picture exceeds, if that is the error.
  public let exceeded: PictureLimits.Kind?

  public init(_ message: String, exceeded: PictureLimits.Kind? = nil) {
    self.message = message
    self.exceeded = exceeded
  }

  public var description: String { message }
}

/// Why a picture cannot be decoded, without the name of its file.
enum PictureFault: Error {
  /// What is wrong, in the decoder's words.
  case damaged(String)
  /// A kind of the format that is not read here: `12 bits per channel`.
  case unsupported(String)
  case beyond(PictureLimits.Kind, _ width: Int, _ height: Int)
  case noMemory(_ width: Int, _ height: Int)
  /// The file cannot be read (any longer).
  case unreadable(String)
}

extension ImagingError {
  init(_ name: String, _ format: PictureFormat, _ fault: PictureFault, _ limits: PictureLimits) {
    switch fault {
    case .damaged(let reason):
      self.init("\(name): damaged \(format.name) (\(reason)). Copy or export it again, or leave it out.")
    case .unsupported(let kind):
      self.init("\(name): a \(format.name) of a kind that is not read here (\(kind)). \(format.advice)")
    case .beyond(.side, let width, let height):
      self.init(
        "\(name): \(width) × \(height) pixels; a side may have \(limits.side) at most. Cut the picture up",
        exceeded: .side)
    case .beyond(_, let width, let height):
      self.init(
        "\(name): \(width) × \(height) pixels, more than \(limits.pixels) in all. Cut the picture up",
        exceeded: .pixels)
    case .noMemory(let width, let height): self.init("\(name): no memory for \(width) × \(height) pixels")
    case .unreadable(let reason): self.init("\(name): \(reason)")
    }
  }
}
