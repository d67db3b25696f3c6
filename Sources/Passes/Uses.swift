import ModelGraph

/// Who makes and who reads each value, as things stood when a sweep over the graph began. A sweep that rewrites nodes
/// marks them with ``touch(_:)`` and leaves touched ones for the next sweep.
struct Uses {
  private var producers: [Int?]
  private let consumers: [[Int]]
  private let reads: [Int]
  private var touched: [Bool]
  /// Nodes to take out at the end of the sweep.
  private(set) var removed: [Bool]

  init(_ graph: Graph) {
    producers = graph.producers()
    consumers = graph.consumers()
    reads = graph.readCounts()
    touched = [Bool](repeating: false, count: graph.nodes.count)
    removed = touched
  }

  /// The node that makes the value, if it has not been touched.
  func producer(_ id: Graph.ValueID?) -> Int? {
    guard let id, id < producers.count, let index = producers[id], !touched[index] else { return nil }
    return index
  }

  /// The one node that reads the value, once, where nobody else does (the graph's outputs included) and it has not been
  /// touched.
  func onlyReader(_ id: Graph.ValueID?) -> Int? {
    guard let id, id < reads.count, reads[id] == 1, let index = consumers[id].first, !touched[index] else {
      return nil
    }
    return index
  }

  /// Whether exactly one node reads the value, once, and it is no graph output.
  func isReadOnce(_ id: Graph.ValueID) -> Bool {
    // A value made during the sweep was made for one reader.
    id >= reads.count || reads[id] == 1 && consumers[id].count == 1
  }

  /// The node, rewritten, makes this value now (as it was made by another one that is removed): the sweep goes on from it.
  mutating func make(_ id: Graph.ValueID, by index: Int) { producers[id] = index }

  func isTouched(_ index: Int) -> Bool { touched[index] }

  mutating func touch(_ index: Int) { touched[index] = true }

  mutating func remove(_ index: Int) {
    touched[index] = true
    removed[index] = true
  }
}

extension Graph {
  /// The node's first output where it has no other.
  func soleOutput(_ index: Int) -> ValueID? {
    let node = nodes[index]
    guard let first = node.firstOutput, node.outputs.dropFirst().allSatisfy({ $0 == nil }) else { return nil }
    return first
  }

  /// The constant an input of the node is, if it is one.
  func constantInput(_ index: Int, _ input: OperatorInput) -> Tensor? {
    nodes[index][input].flatMap { values[$0].constant }
  }

  /// Whether the node leaves the input out.
  func lacksInput(_ index: Int, _ input: OperatorInput) -> Bool { nodes[index][input] == nil }
}
