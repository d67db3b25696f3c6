/// What is wrong with a folder of pictures, or with what is asked of it: one line that says what to do.
public struct DatasetError: Error, Sendable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
