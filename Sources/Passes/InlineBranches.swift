import ModelGraph
import Text

/// If with a condition that is known before the model runs: its branch takes its place. Exporters write such conditions for
/// shapes that turn out to be fixed.
///
/// Exact: the same nodes run.
public func inlineBranches(_ graph: inout Graph) -> Int { PassContext.alone(&graph, inlineBranches) }

func inlineBranches(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  guard If.isIncluded, graph.hasNode(where: { if case .branch = $0 { true } else { false } }) else { return 0 }
  let facts = context.facts(graph)
  var changes = 0
  var nodes: [Graph.Node] = []
  for node in graph.nodes {
    guard case .branch(let condition) = node.operation, let input = node[If.Input.condition],
      let known = graph.values[input].constant ?? facts.constant(input), let branch = condition.branch(known)
    else {
      nodes.append(node)
      continue
    }
    nodes += graph.inlined(branch, in: node)
    changes += 1
  }
  graph.nodes = nodes
  return changes
}

extension Graph {
  /// The nodes of a branch over values of this graph, and an Identity for each output of the If.
  fileprivate mutating func inlined(_ branch: Graph, in node: Node) -> [Node] {
    var ids = [ValueID?](repeating: nil, count: branch.values.count)
    for (id, outer) in zip(branch.inputs, node.inputs.dropFirst()) { ids[id] = outer }
    for (id, value) in branch.values.enumerated() where ids[id] == nil {
      ids[id] = addValue(freshName(value.name), constant: value.constant)
    }
    var nodes: [Node] = []
    for inner in branch.nodes {
      var copy = inner
      copy.inputs = inner.inputs.map { $0.flatMap { ids[$0] } }
      copy.outputs = inner.outputs.map { $0.flatMap { ids[$0] } }
      nodes.append(copy)
    }
    for (inner, output) in zip(branch.outputs, node.outputs) where output != nil {
      nodes.append(Node(node.name, .identity(Identity()), inputs: [ids[inner]], outputs: [output]))
    }
    return nodes
  }
}
