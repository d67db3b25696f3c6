/// An error about the model to quantise or about the calibration pictures, in one line.
public struct QuantizationError: Error, Sendable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
