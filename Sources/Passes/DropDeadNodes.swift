import ModelGraph

/// Removes nodes that no graph output depends on, then constants that nothing reads; renumbers the values.
///
/// Exact. Graph inputs stay even if unused, since the caller feeds them. Counts removed nodes and constants.
public func dropDeadNodes(_ graph: inout Graph) -> Int {
  var wanted = [Bool](repeating: false, count: graph.values.count)
  for id in graph.outputs { wanted[id] = true }
  var dead = [Bool](repeating: false, count: graph.nodes.count)
  var changes = 0
  for index in graph.nodes.indices.reversed() {
    let node = graph.nodes[index]
    guard node.outputs.contains(where: { $0.map { wanted[$0] } ?? false }) else {
      dead[index] = true
      changes += 1
      continue
    }
    for case let input? in node.inputs { wanted[input] = true }
    // Dropout's mask and MaxPool's indices are optional outputs: without them the node is an ordinary one.
    switch node.operation {
    case .dropout, .maxPool:
      while let last = graph.nodes[index].outputs.last, graph.nodes[index].outputs.count > 1,
        last.map({ !wanted[$0] }) ?? true
      {
        graph.nodes[index].outputs.removeLast()
      }
    default: break
    }
  }
  graph.removeNodes(dead)
  return changes + graph.compact()
}
