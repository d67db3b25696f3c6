import ModelGraph
import Text

/// MatMul (of matrices) or Gemm → Add of a constant row becomes a Gemm with that row as its bias.
///
/// Only if nothing else reads the product. Exact up to the order of summation (1e-6 relative, tested).
public func fuseMatMulAdd(_ graph: inout Graph) -> Int { PassContext.alone(&graph, fuseMatMulAdd) }

func fuseMatMulAdd(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let mayFuse = graph.hasNode { operation in
    switch operation {
    case .matMul, .gemm: true
    default: false
    }
  }
  guard mayFuse, graph.hasNode(where: { if case .add = $0 { true } else { false } }) else { return 0 }
  let facts = context.facts(graph)
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices where !uses.isTouched(index) {
    let add = graph.nodes[index]
    guard case .add = add.operation, let output = graph.soleOutput(index) else { continue }
    for (product, other) in [(Add.Input.a, Add.Input.b), (Add.Input.b, Add.Input.a)] {
      guard let product = add[product], uses.isReadOnce(product), let maker = uses.producer(product),
        var dense = Dense(graph, maker, facts),
        let constant = graph.constantInput(index, other),
        context.allows(bytes: 4 * dense.outputs, work: 4 * dense.outputs),
        let row = Dense.row(constant, outputs: dense.outputs)
      else { continue }
      dense.bias = dense.bias.map { old in row.indices.map { old[$0] + row[$0] } } ?? row
      let (name, weight) = (graph.nodes[maker].name, graph.nodes[maker][Gemm.Input.b])
      guard let node = dense.node(name, output: output, weightID: weight, in: &graph) else { continue }
      graph.nodes[maker] = node
      uses.make(output, by: maker)
      uses.remove(index)
      changes += 1
      break
    }
  }
  graph.removeNodes(uses.removed)
  return changes
}
