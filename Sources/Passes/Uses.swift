import ModelGraph

/// Producer and readers of each value at the start of a sweep over the graph. A sweep that rewrites nodes marks them
/// with ``touch(_:)`` and leaves touched ones to the next sweep.
struct Uses {
  private var producers: [Int?]
  private let readers: [Int?]
  private var touched: [Bool]
  /// Nodes to remove at the end of the sweep.
  private(set) var removed: [Bool]

  init(_ graph: Graph) {
    producers = graph.producers()
    readers = graph.onlyReaders()
    touched = [Bool](repeating: false, count: graph.nodes.count)
    removed = touched
  }

  /// The producer of the value, if it has not been touched.
  func producer(_ id: Graph.ValueID?) -> Int? {
    guard let id, id < producers.count, let index = producers[id], !touched[index] else { return nil }
    return index
  }

  /// The only reader of the value, if there is exactly one use (graph outputs count as uses) and the reader has not
  /// been touched.
  func onlyReader(_ id: Graph.ValueID?) -> Int? {
    guard let id, id < readers.count, let index = readers[id], !touched[index] else { return nil }
    return index
  }

  /// Whether exactly one node reads the value, once, and it is not a graph output.
  func isReadOnce(_ id: Graph.ValueID) -> Bool {
    // A value created during the sweep has exactly one reader.
    id >= readers.count || readers[id] != nil
  }

  /// Records that the rewritten node now produces this value, whose former producer is removed; the sweep continues
  /// from the node.
  mutating func make(_ id: Graph.ValueID, by index: Int) { producers[id] = index }

  func isTouched(_ index: Int) -> Bool { touched[index] }

  mutating func touch(_ index: Int) { touched[index] = true }

  mutating func remove(_ index: Int) {
    touched[index] = true
    removed[index] = true
  }
}

extension Graph {
  /// The node's only output; nil if it has several.
  func soleOutput(_ index: Int) -> ValueID? {
    let node = nodes[index]
    guard let first = node.firstOutput, node.outputs.dropFirst().allSatisfy({ $0 == nil }) else { return nil }
    return first
  }

  /// The constant at an input of the node, if it is one.
  func constantInput(_ index: Int, _ input: OperatorInput) -> Tensor? {
    nodes[index][input].flatMap { values[$0].constant }
  }

  /// Whether the node omits the input.
  func lacksInput(_ index: Int, _ input: OperatorInput) -> Bool { nodes[index][input] == nil }
}
