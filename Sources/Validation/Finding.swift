import ModelGraph
import Text

/// One problem of a model: an error, or a warning (W…) about something probably unintended.
public struct Finding: Sendable {
  public let code: Code
  /// The place, the problem and what to do, in one line.
  public let message: String

  public var isError: Bool { !code.isWarning }

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message.printable.shortened(to: GraphError.longestMessage)
  }

  public init(_ error: GraphError) { self.init(error.code, error.message) }

  /// `E204 node 'Conv_12' (Conv): …`
  public var text: String { "\(code.text) \(message)" }
}
