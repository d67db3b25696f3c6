import ModelGraph
import Text

/// Reshape and Squeeze that turn `[N, d1, d2, …]` into `[N, d1·d2·…]` for every batch size become Flatten(axis 1).
///
/// Exact. Exporters write `x.flatten(1)` as Shape → Gather → Concat → Reshape; this pass makes the shape arithmetic
/// dead.
public func recogniseFlatten(_ graph: inout Graph) -> Int { PassContext.alone(&graph, recogniseFlatten) }

func recogniseFlatten(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let mayFlatten = graph.hasNode { operation in
    switch operation {
    case .reshape, .squeeze: true
    default: false
    }
  }
  guard mayFlatten else { return 0 }
  let facts = context.facts(graph)
  var changes = 0
  for index in graph.nodes.indices {
    let node = graph.nodes[index]
    switch node.operation {
    case .reshape, .squeeze: break
    default: continue
    }
    guard let input = node.firstInput, let output = graph.soleOutput(index) else { continue }
    let flattens = facts.always(input, output) { x, y in
      x.rank > 2 && y.rank == 2 && x[0] == y[0] && x.count == y.count && x.count > 0
    }
    guard flattens else { continue }
    graph.nodes[index] = Graph.Node(node.name, .flatten(Flatten()), inputs: [input], outputs: [output])
    changes += 1
  }
  return changes
}
