import ModelGraph

/// Which nodes a single step executes together: BatchNormalization → Add → Relu without Add or without Relu or whole, and
/// Add → Relu, and Sigmoid → Mul where x is multiplied with its own Sigmoid (Swish).
///
/// Inference joins the same nodes to the convolution before them (`fuseConvolution`), once the normalisation has been folded
/// into its weights. Training cannot: a normalisation by the batch's statistics needs the whole output of the convolution
/// first. So here the normalisation is the head of the chain, and the graph itself stays as it is, since it is saved.
struct NodeJoins {
  /// The nodes before the one at which a step stands.
  struct Chain {
    var normalization: Int
    var residual: Graph.ValueID?
    var rectifies: Bool
  }

  /// By the last node of each chain.
  private(set) var normalizations: [Int: Chain] = [:]
  /// By the Relu, the Add before it.
  private(set) var adds: [Int: Int] = [:]
  /// By the Mul, the x that it multiplies with its Sigmoid.
  private(set) var swishes: [Int: Graph.ValueID] = [:]
  /// Nodes that a later node's step executes.
  private(set) var absorbed: Set<Int> = []

  private let graph: Graph
  private let facts: [Fact?]
  private let consumers: [[Int]]
  private let needed: [Bool]
  private let output: Graph.ValueID

  /// - Parameter needed: the nodes that lead to `output`.
  init(_ graph: Graph, facts: [Fact?], needed: [Bool], output: Graph.ValueID) {
    self.graph = graph
    self.facts = facts
    self.needed = needed
    self.output = output
    consumers = graph.consumers()
    joinNormalizations()
    joinAdds()
    joinSwishes()
  }

  /// Whether a step of its own executes the node.
  func isStep(_ node: Int) -> Bool { needed[node] && !absorbed.contains(node) }

  /// Whether the node adds two activations of one shape.
  static func isPlainAdd(_ node: Graph.Node, _ graph: Graph, _ facts: [Fact?]) -> Bool {
    guard case .add = node.operation, let a = node[Add.Input.a], let b = node[Add.Input.b] else {
      return false
    }
    return graph.values[a].constant == nil && graph.values[b].constant == nil && facts[a]?.shape == facts[b]?.shape
  }

  /// The only node that reads the value; nil if there are several or the value is the output.
  private func reader(of value: Graph.ValueID?) -> Int? {
    guard let value, value != output else { return nil }
    let readers = consumers[value].filter { needed[$0] }
    return readers.count == 1 ? readers[0] : nil
  }

  private mutating func joinNormalizations() {
    // In reverse: where two normalisations meet in an Add, the later one takes it.
    for index in graph.nodes.indices.reversed() where needed[index] {
      let node = graph.nodes[index]
      guard case .batchNormalization = node.operation, let y = node.firstOutput else { continue }
      var end = index
      var chain = Chain(normalization: index, residual: nil, rectifies: false)
      if let next = reader(of: y), let other = residual(of: next, besides: y) {
        chain.residual = other
        end = next
      }
      if let next = reader(of: graph.nodes[end].firstOutput), case .relu = graph.nodes[next].operation {
        if end != index { absorbed.insert(end) }
        chain.rectifies = true
        end = next
      }
      if end == index { continue }
      absorbed.insert(index)
      normalizations[end] = chain
    }
  }

  /// The other operand of an Add that no chain holds yet, if it is an activation of the same shape.
  private func residual(of add: Int, besides y: Graph.ValueID) -> Graph.ValueID? {
    guard case .add = graph.nodes[add].operation, !absorbed.contains(add), normalizations[add] == nil,
      let other = graph.nodes[add].inputs.first(where: { $0 != y }) ?? nil, graph.values[other].constant == nil,
      facts[other]?.shape == facts[y]?.shape
    else { return nil }
    return other
  }

  private mutating func joinSwishes() {
    let producers = graph.producers()
    for index in graph.nodes.indices where isStep(index) {
      guard case .mul = graph.nodes[index].operation, let a = graph.nodes[index][Mul.Input.a],
        let b = graph.nodes[index][Mul.Input.b]
      else { continue }
      for (x, gate) in [(a, b), (b, a)] {
        guard let sigmoid = producers[gate], case .sigmoid = graph.nodes[sigmoid].operation,
          graph.nodes[sigmoid].firstInput == x, reader(of: gate) == index
        else { continue }
        absorbed.insert(sigmoid)
        swishes[index] = x
        break
      }
    }
  }

  private mutating func joinAdds() {
    let producers = graph.producers()
    for index in graph.nodes.indices where isStep(index) && normalizations[index] == nil {
      guard case .relu = graph.nodes[index].operation, let x = graph.nodes[index].firstInput,
        let add = producers[x], !absorbed.contains(add), normalizations[add] == nil, reader(of: x) == index,
        NodeJoins.isPlainAdd(graph.nodes[add], graph, facts)
      else { continue }
      absorbed.insert(add)
      adds[index] = add
    }
  }
}
