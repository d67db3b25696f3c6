import Text

/// What is wrong with a folder of pictures, or with what is asked of it: one line that says what to do.
public struct DatasetError: Error, Sendable, CustomStringConvertible {
  /// What is wrong; where it is many things, how many, and the first twenty below it, a line each.
  public let message: String
  public let details: [String]

  /// All that is wrong, each alone.
  public let problems: [String]

  public init(_ message: String) { self.init(message: message, details: [], problems: [message]) }

  private init(message: String, details: [String], problems: [String]) {
    self.message = message
    self.details = details
    self.problems = problems
  }

  public var description: String { ([message] + details).joined(separator: "; ") }

  /// One message alone; of several, how many there are: `3 pictures cannot be read`.
  public init(_ messages: [String], _ what: String, _ problem: String) {
    guard messages.count > 1 else {
      self.init(messages.first ?? "\(what) \(problem)")
      return
    }
    self.init(
      message: "\(counted(messages.count, what)) \(problem)",
      details: messages.prefix(20) + (messages.count > 20 ? ["and \(messages.count - 20) more"] : []),
      problems: messages)
  }
}
