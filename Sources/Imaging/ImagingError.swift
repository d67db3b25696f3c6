/// An error about a picture or its preprocessing: one line that names the file and says what to do.
public struct ImagingError: Error, Sendable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
