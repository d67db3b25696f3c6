import ModelGraph
import Text

/// Pooling over the whole picture becomes GlobalAveragePool or GlobalMaxPool: ReduceMean and ReduceMax over all spatial
/// axes (followed by Flatten if they drop the axes), and AveragePool and MaxPool with one window that covers
/// everything.
///
/// Exact up to the order of summation (1e-6 relative, tested).
public func recogniseGlobalPooling(_ graph: inout Graph) -> Int { PassContext.alone(&graph, recogniseGlobalPooling) }

func recogniseGlobalPooling(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let facts = context.facts(graph)
  let (average, most) = (Operator.globalAveragePool(GlobalAveragePool()), Operator.globalMaxPool(GlobalMaxPool()))
  let flatten = Operator.flatten(Flatten())
  var nodes: [Graph.Node] = []
  var changes = 0
  for index in graph.nodes.indices {
    let node = graph.nodes[index]
    guard let input = node.firstInput, let output = graph.soleOutput(index), let rank = facts.rank(input),
      rank == 3 || rank == 4, facts.type(input) == .float32
    else {
      nodes.append(node)
      continue
    }
    switch node.operation {
    case .reduceMean where isSpatial(node, rank, facts), .reduceMax where isSpatial(node, rank, facts):
      let pooling: Operator = if case .reduceMean = node.operation { average } else { most }
      if facts.rank(output) == rank {
        nodes.append(Graph.Node(node.name, pooling, inputs: [input], outputs: [output]))
      } else {
        let pooled = graph.addValue(graph.freshName("\(node.name)_pooled"))
        nodes.append(Graph.Node("\(node.name)_pooled", pooling, inputs: [input], outputs: [pooled]))
        nodes.append(Graph.Node(node.name, flatten, inputs: [pooled], outputs: [output]))
      }
      changes += 1
    case .averagePool(let pool) where coversAll(pool.window, input, output, facts):
      nodes.append(Graph.Node(node.name, average, inputs: [input], outputs: [output]))
      changes += 1
    case .maxPool(let pool) where coversAll(pool.window, input, output, facts):
      nodes.append(Graph.Node(node.name, most, inputs: [input], outputs: [output]))
      changes += 1
    default: nodes.append(node)
    }
  }
  graph.nodes = nodes
  return changes
}

/// Exactly the axes 2…, counted from the front or from the back.
private func isSpatial(_ node: Graph.Node, _ rank: Int, _ facts: KnownFacts) -> Bool {
  guard let id = node[Reduction.Input.axes], let axes = facts.constant(id)?.ints else { return false }
  let fromFront = axes.map { $0 < 0 ? $0 + rank : $0 }.inOrder(<)
  return fromFront == Array(2..<rank)
}

/// One window without padding, as large as the picture, whose size must be known.
private func coversAll(
  _ window: Window, _ input: Graph.ValueID, _ output: Graph.ValueID, _ facts: KnownFacts
) -> Bool {
  guard window.autoPad != .notSet || window.pads.allSatisfy({ $0 == 0 }), window.dilations.allSatisfy({ $0 == 1 })
  else {
    return false
  }
  for (axis, extent) in window.kernel.enumerated() {
    guard facts.extent(input, axis + 2) == extent, facts.extent(output, axis + 2) == 1 else { return false }
  }
  return true
}
