import ModelGraph
import Text

/// One thing that is wrong with a model, or (W…) that is probably not meant.
public struct Finding: Sendable {
  public let code: Code
  /// What, where and what to do, in one line.
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
