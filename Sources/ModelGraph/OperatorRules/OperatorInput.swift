/// One input of an operator: its position in the node's list, its name on the operator's page, and what it holds.
///
/// Each operator declares its inputs once, as `Conv.Input.x`, `Conv.Input.w`, …. Shape rules, planners, passes and the
/// trainer all use these declarations in place of numbers.
public struct OperatorInput: Sendable {
  /// What an input holds. It decides which constants are counted as parameters and where gradients flow.
  public enum Content: UInt8, Sendable {
    /// Values that flow through the network.
    case activation
    /// A parameter of the network, if it is a constant.
    case weight
    /// An activation or a weight: each input of Add, one of which is often a bias.
    case activationOrWeight
    /// How the operator works: axes, shapes, bounds, scales, zero points, running statistics. No gradient flows to it.
    case setting
  }

  public enum Presence: UInt8, Sendable {
    case required
    case optional
    /// Required once. A node may list any number of further ones: the parts of Concat.
    case repeated
    /// A node may list any number of them, or none: the values that a branch of If reads.
    case further
  }

  public let name: String
  public let position: Int32
  public let content: Content
  public let presence: Presence

  public init(_ position: Int, _ name: String, _ content: Content, _ presence: Presence = .required) {
    self.name = name
    self.position = Int32(truncatingIfNeeded: position)
    self.content = content
    self.presence = presence
  }

  public var index: Int { Int(position) }
}

extension Array where Element == OperatorInput {
  /// The number of inputs that a node may list, those that it leaves out included.
  var arity: ClosedRange<Int> {
    var least = 0
    var most = count
    for input in self {
      if input.presence == .required || input.presence == .repeated { least = input.index + 1 }
      if input.presence == .repeated || input.presence == .further { most = Limits.standard.nodeInputs }
    }
    return least...Swift.max(least, most)
  }

  /// The content of a node's input at `position`.
  public func content(at position: Int) -> OperatorInput.Content {
    if position < count { return self[position].content }
    return last?.content ?? .setting
  }
}

extension Graph.Node {
  /// The value that the node reads as `input`; nil if the node leaves it out. The setter extends the list of inputs
  /// with nil as far as necessary.
  public subscript(input: OperatorInput) -> Graph.ValueID? {
    get { input.index < inputs.count ? inputs[input.index] : nil }
    set {
      while inputs.count <= input.index { inputs.append(nil) }
      inputs[input.index] = newValue
    }
  }

  /// Input 0, along which a chain of nodes is followed; nil where the node has none.
  public var firstInput: Graph.ValueID? { inputs.first ?? nil }

  /// Output 0; nil where the node leaves it out.
  public var firstOutput: Graph.ValueID? { outputs.first ?? nil }
}
