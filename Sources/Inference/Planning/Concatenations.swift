import ModelGraph

/// Concatenations of floats along the channels that grow: each begins with all that the one before has, as in a dense block (Huang
/// et al., "Densely Connected Convolutional Networks", 2017). Such a chain lies in one buffer, of which each takes the first channels.
struct Concatenations {
  private struct Chain {
    /// The last concatenation's node and channels.
    var last: Int
    var channels: Int
    var target: Int?
    var placed = 0
  }

  private var chains: [Chain] = []
  /// By node.
  private var chain: [Int?]

  init(_ graph: Graph, _ facts: [Fact], _ isConstant: [Bool]) {
    chain = [Int?](repeating: nil, count: graph.nodes.count)
    // By value: the last concatenation so far that begins with it, and the one that makes it.
    var beginning = [Int?](repeating: nil, count: facts.count)
    var making = beginning
    for (index, node) in graph.nodes.enumerated() {
      guard case .concat(let concat) = node.operation, let output = node.firstOutput, let first = node.firstInput,
        facts[output].type == .float32, facts[output].shape.count > 0, facts[output].shape.rank >= 3,
        concat.axis == 1 || concat.axis == 1 - facts[output].shape.rank,
        !node.inputs.contains(where: { $0.map { isConstant[$0] || facts[$0].shape.count == 0 } ?? true })
      else { continue }
      var before = making[first]
      if let shorter = beginning[first], Concatenations.continues(graph.nodes[shorter], node) { before = shorter }
      (beginning[first], making[output]) = (index, index)
      if let before, let joined = chain[before], chains[joined].last == before {
        chain[index] = joined
        (chains[joined].last, chains[joined].channels) = (index, facts[output].shape[1])
      } else {
        chain[index] = chains.count
        chains.append(Chain(last: index, channels: facts[output].shape[1]))
      }
    }
  }

  /// Whether `longer` begins with all inputs of `shorter`.
  private static func continues(_ shorter: Graph.Node, _ longer: Graph.Node) -> Bool {
    if longer.inputs.count < shorter.inputs.count { return false }
    for (index, input) in shorter.inputs.enumerated() where input != longer.inputs[index] { return false }
    return true
  }

  /// Channels of the longest of the chain that node `index` belongs to.
  func channels(around index: Int) -> Int? { chain[index].map { chains[$0].channels } }

  /// The chain's buffer, if it has one, and the channels that are in it.
  func begun(_ index: Int) -> (target: Int?, channels: Int) {
    chain[index].map { (chains[$0].target, chains[$0].placed) } ?? (nil, 0)
  }

  /// Notes the chain's buffer, and that its first channels are in it.
  mutating func begin(_ index: Int, target: Int, channels: Int) {
    guard let joined = chain[index] else { return }
    chains[joined].target = target
    chains[joined].placed = max(chains[joined].placed, channels)
  }
}
