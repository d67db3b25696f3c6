/// What is wrong with a model that is to be quantised, or with the pictures it is shown: one line.
public struct QuantizationError: Error, Sendable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
