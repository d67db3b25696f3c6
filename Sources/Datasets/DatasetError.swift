import Text

/// An error about a folder of pictures, or about an option that concerns it: one line that says what to do.
public struct DatasetError: Error, Sendable, CustomStringConvertible {
  /// The error; for several problems their number, with the first twenty in ``details``.
  public let message: String
  public let details: [String]

  /// Every problem on its own line.
  public let problems: [String]

  /// Whether a picture is larger than `PictureLimits` allows, which a program has options for.
  public let exceedsLimits: Bool

  public init(_ message: String) {
    self.init(message: message, details: [], problems: [message], exceedsLimits: false)
  }

  private init(message: String, details: [String], problems: [String], exceedsLimits: Bool) {
    self.message = message
    self.details = details
    self.problems = problems
    self.exceedsLimits = exceedsLimits
  }

  public var description: String { ([message] + details).joined(separator: "; ") }

  /// A single message as it is; several with a headline such as `3 pictures cannot be read`.
  public init(_ messages: [String], _ what: String, _ problem: String, exceedsLimits: Bool = false) {
    guard messages.count > 1 else {
      let message = messages.first ?? "\(what) \(problem)"
      self.init(message: message, details: [], problems: [message], exceedsLimits: exceedsLimits)
      return
    }
    self.init(
      message: "\(counted(messages.count, what)) \(problem)",
      details: messages.prefix(20) + (messages.count > 20 ? ["and \(messages.count - 20) more"] : []),
      problems: messages, exceedsLimits: exceedsLimits)
  }
}
