/// The cost of a node, for tables of a network and for multiply-adds per second.
public struct NodeCost: Sendable {
  /// Multiply-adds of convolutions and matrix products; 0 for everything else.
  public var multiplyAdds = 0
  /// Elements of its weights: the constants that training would change. Running statistics, scales, zero points, shapes
  /// and axes are not counted.
  public var parameters = 0
  /// Bytes of its outputs.
  public var outputBytes = 0

  public init() {}
}

extension Graph {
  /// The cost of one node, given the facts that ``infer(_:)`` returned.
  public func cost(of node: Node, _ facts: [Fact?]) -> NodeCost {
    var cost = NodeCost()
    for case let id? in node.outputs {
      if let fact = facts[id] { cost.outputBytes += fact.shape.count * fact.type.byteCount }
    }
    for id in weights(of: node) { cost.parameters += values[id].constant?.count ?? 0 }
    let inputs = node.inputs.map { $0.flatMap { facts[$0] } }
    if let output = node.firstOutput.flatMap({ facts[$0] }) {
      cost.multiplyAdds = node.operation.multiplyAdds(inputs, output: output.shape)
    }
    return cost
  }

  /// Bytes of all constants.
  public var constantBytes: Int { values.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) } }

  /// Elements of all weights. A weight that several nodes read is counted once.
  public var parameterCount: Int {
    var counted = [Bool](repeating: false, count: values.count)
    var total = 0
    for node in nodes {
      for id in weights(of: node) where !counted[id] {
        counted[id] = true
        total += values[id].constant?.count ?? 0
      }
    }
    return total
  }

  /// The constants among the node's inputs that are parameters of the network.
  private func weights(of node: Node) -> [ValueID] {
    var weights: [ValueID] = []
    for input in node.operation.inputs where input.content == .weight || input.content == .activationOrWeight {
      if let id = node[input], values[id].constant != nil { weights.append(id) }
    }
    return weights
  }

  /// The largest number of bytes of activations, graph inputs included, that are live at one time when nodes run in
  /// order.
  public func peakActivationBytes(_ facts: [Fact?]) -> Int {
    var lastUse = [Int](repeating: -1, count: values.count)
    for (index, node) in nodes.enumerated() {
      for case let id? in node.inputs { lastUse[id] = index }
    }
    for id in outputs { lastUse[id] = nodes.count }
    func bytes(_ id: ValueID) -> Int {
      guard values[id].constant == nil, let fact = facts[id] else { return 0 }
      return fact.shape.count * fact.type.byteCount
    }
    var live = inputs.reduce(0) { $0 + bytes($1) }
    var peak = live
    for (index, node) in nodes.enumerated() {
      for case let id? in node.outputs { live += bytes(id) }
      peak = max(peak, live)
      for case let id? in node.inputs where lastUse[id] == index {
        live -= bytes(id)
        lastUse[id] = nodes.count  // a node may read it twice
      }
      for case let id? in node.outputs where lastUse[id] == -1 { live -= bytes(id) }
    }
    return peak
  }
}

extension Operator {
  /// Multiply-adds of a convolution or matrix product; 0 for everything else.
  public func multiplyAdds(_ inputs: [Fact?], output: Shape) -> Int {
    multiplyAdds.count(Inputs(name, inputs), output: output)
  }
}
