import ModelGraph
import Text

/// Concat(Flatten(a), Flatten(b), …) of pooled `[N, C, 1, 1]` values becomes Flatten(Concat(a, b, …)), so that fastai's
/// AdaptiveConcatPool has one form, whether its exporter flattened before or after the Concat.
///
/// Exact. Only for inputs from GlobalMaxPool or GlobalAveragePool, in any order, if nothing else reads the flattened
/// values.
public func normaliseConcatPool(_ graph: inout Graph) -> Int {
  guard Concat.isIncluded else { return 0 }
  var uses = Uses(graph)
  var changes = 0
  let (concat, flatten) = (Operator.concat(Concat(axis: 1)), Operator.flatten(Flatten()))
  var nodes: [Graph.Node] = []
  for index in graph.nodes.indices {
    let node = graph.nodes[index]
    guard case .concat(let join) = node.operation, join.axis == 1 || join.axis == -1,
      let pooled = flattenedPools(node, uses, graph), let output = graph.soleOutput(index)
    else {
      nodes.append(node)
      continue
    }
    for input in node.inputs {
      if let maker = uses.producer(input) { uses.touch(maker) }
    }
    let joined = graph.addValue(graph.freshName("\(node.name)_pooled"))
    nodes.append(Graph.Node("\(node.name)_pooled", concat, inputs: pooled.map { $0 }, outputs: [joined]))
    nodes.append(Graph.Node(node.name, flatten, inputs: [joined], outputs: [output]))
    changes += 1
  }
  guard changes > 0 else { return 0 }
  // The old Flattens have no readers left; drop-dead-nodes removes them.
  graph.nodes = nodes
  return changes
}

private func flattenedPools(_ node: Graph.Node, _ uses: Uses, _ graph: Graph) -> [Graph.ValueID]? {
  var pooled: [Graph.ValueID] = []
  for input in node.inputs {
    guard let input, uses.isReadOnce(input), let maker = uses.producer(input),
      case .flatten(let flatten) = graph.nodes[maker].operation, flatten.axis == 1,
      let pool = graph.nodes[maker].firstInput, let poolMaker = uses.producer(pool)
    else { return nil }
    switch graph.nodes[poolMaker].operation {
    case .globalMaxPool, .globalAveragePool: pooled.append(pool)
    default: return nil
    }
  }
  return pooled.count > 1 ? pooled : nil
}
