import ModelGraph
import Text

/// One problem of a model: an error, or a warning (W…) about something probably unintended.
public struct Finding: Sendable {
  public let code: Code
  /// The place, the problem and what to do, in one line.
  public let message: String
  /// The names of the node and of the tensor that it is about, printable and shortened; nil: it is about neither.
  public let node: String?
  public let tensor: String?

  public var isError: Bool { !code.isWarning }

  public init(_ code: Code, _ message: String, node: String? = nil, tensor: String? = nil) {
    self.code = code
    self.message = message.printable.shortened(to: GraphError.longestMessage)
    self.node = node.map { $0.printable.shortened(to: 300) }
    self.tensor = tensor.map { $0.printable.shortened(to: 300) }
  }

  public init(_ error: GraphError, node: String? = nil, tensor: String? = nil) {
    self.init(error.code, error.message, node: node, tensor: tensor)
  }

  /// `E204 node 'Conv_12' (Conv): …`
  public var text: String { "\(code.text) \(message)" }
}
