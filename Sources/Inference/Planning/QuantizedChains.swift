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
    guard !readers.isEmpty, let a = sum[QLinearAdd.Input.a], let b = sum[QLinearAdd.Input.b], a != b,
      facts[a].shape == facts[b].shape
    else { return nil }
    var later: Int?
    for summand in [QLinearAdd.a, QLinearAdd.b] {
      guard let value = sum[summand.x], readers[value] == index, let maker = producers[value],
        case .qLinearConv = graph.nodes[maker].operation,
        same(graph.nodes[maker][QLinearConv.Input.yScale], sum[summand.scale], facts),
        same(graph.nodes[maker][QLinearConv.Input.yZeroPoint], sum[summand.zeroPoint], facts)
      else { continue }
      later = max(later ?? maker, maker)
    }
    return later
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
    guard !readers.isEmpty, let made = graph.nodes[index].firstOutput, let reader = readers[made],
      case .clip = graph.nodes[reader].operation, let output = graph.nodes[reader].firstOutput,
      facts[made].type == .uint8 || facts[made].type == .int8
    else { return nil }
    var (low, high) = facts[made].type == .uint8 ? (0, 255) : (-128, 127)
    if let id = graph.nodes[reader][Clip.Input.min] {
      guard let bound = facts[id].constant?.ints?.first, isConstant[id] else { return nil }
      low = max(low, bound)
    }
    if let id = graph.nodes[reader][Clip.Input.max] {
      guard let bound = facts[id].constant?.ints?.first, isConstant[id] else { return nil }
      high = min(high, bound)
    }
    return low <= high ? (reader, output, low, high) : nil
  }
}
