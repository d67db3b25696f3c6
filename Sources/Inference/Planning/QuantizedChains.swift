import ModelGraph

/// What follows a quantised product in a graph of integers and can be done as its results are stored.
struct QuantizedChains {
  private var producers: [Int?] = []
  /// The one node that reads a value, where nothing else does.
  private var readers: [Int?] = []
  private let graph: Graph
  /// Nodes that another one's step takes care of.
  private(set) var absorbed: [Bool]

  init(_ graph: Graph, _ facts: [Fact], _ isConstant: [Bool]) {
    self.graph = graph
    absorbed = [Bool](repeating: false, count: graph.nodes.count)
    guard graph.nodes.contains(where: { QuantizedChains.isProduct($0.operation) }) else { return }
    producers = graph.producers()
    let (counts, consumers) = (graph.readCounts(), graph.consumers())
    readers = counts.indices.map { counts[$0] == 1 ? consumers[$0].first : nil }
    // A sum takes in the later of the two products it adds, so that everything else it reads is there.
    for (index, node) in graph.nodes.enumerated() {
      if case .qLinearAdd = node.operation, let product = product(ofSum: index, facts) { absorbed[product] = true }
    }
    for (index, node) in graph.nodes.enumerated() {
      guard isRoot(node.operation), !absorbed[index], let clip = clip(after: index, facts, isConstant) else { continue }
      absorbed[clip.node] = true
    }
  }

  private static func isProduct(_ operation: Operator) -> Bool {
    switch operation {
    case .qLinearConv, .qLinearMatMul, .qGemm: true
    default: false
    }
  }

  private func isRoot(_ operation: Operator) -> Bool {
    if case .qLinearAdd = operation { return true }
    return QuantizedChains.isProduct(operation)
  }

  /// The QLinearConv whose result the QLinearAdd alone reads, on the grid it was made on.
  func product(ofSum index: Int, _ facts: [Fact]) -> Int? {
    let sum = graph.nodes[index]
    guard !readers.isEmpty, sum.inputs.count >= 7, let a = sum.inputs[0], let b = sum.inputs[3], a != b,
      facts[a].shape == facts[b].shape
    else { return nil }
    let candidates = [(a, 1), (b, 4)].filter { value, scale in
      guard let maker = producers[value], readers[value] == index, case .qLinearConv = graph.nodes[maker].operation
      else {
        return false
      }
      let own = graph.nodes[maker].inputs
      return same(own[6], sum.inputs[scale], facts) && same(own[7], sum.inputs[scale + 1], facts)
    }
    return candidates.compactMap { producers[$0.0] }.max()
  }

  private func same(_ a: Graph.ValueID?, _ b: Graph.ValueID?, _ facts: [Fact]) -> Bool {
    guard let a, let b else { return false }
    if a == b { return true }
    guard let x = facts[a].constant, let y = facts[b].constant, x.type == y.type else { return false }
    return x.doubles == y.doubles
  }

  /// A Clip of integers that alone reads the node's result, with its bounds.
  func clip(
    after index: Int, _ facts: [Fact], _ isConstant: [Bool]
  ) -> (node: Int, output: Graph.ValueID, low: Int, high: Int)? {
    guard !readers.isEmpty, let made = graph.nodes[index].outputs.first ?? nil, let reader = readers[made],
      case .clip = graph.nodes[reader].operation, let output = graph.nodes[reader].outputs.first ?? nil,
      facts[made].type == .uint8 || facts[made].type == .int8
    else { return nil }
    var (low, high) = facts[made].type == .uint8 ? (0, 255) : (-128, 127)
    let inputs = graph.nodes[reader].inputs
    for position in 1..<inputs.count {
      guard let id = inputs[position] else { continue }
      guard let bound = facts[id].constant?.ints?.first, isConstant[id] else { return nil }
      if position == 1 { low = max(low, bound) } else { high = min(high, bound) }
    }
    return low <= high ? (reader, output, low, high) : nil
  }
}
