import Text

/// What is wrong with a folder of pictures, or with what is asked of it: one line that says what to do.
public struct DatasetError: Error, Sendable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }

  /// One message alone, or the first twenty of many, a line each, below a line that counts them: `3 pictures cannot be read`.
  public static func list(_ messages: [String], _ what: String, _ problem: String) -> DatasetError {
    if messages.count == 1 { return DatasetError(messages[0]) }
    let lines = ["\(counted(messages.count, what)) \(problem):"] + messages.prefix(20).map { "  \($0)" }
    return DatasetError(
      (lines + (messages.count > 20 ? ["  and \(messages.count - 20) more"] : [])).joined(separator: "\n"))
  }
}
