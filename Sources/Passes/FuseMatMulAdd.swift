import ModelGraph

/// MatMul → Add of a constant row becomes Gemm, where both factors are matrices; so does Gemm without bias → Add.
///
/// Only where nothing else reads the product. Exact up to the order of summation (1e-6 relative, tested).
public func fuseMatMulAdd(_ graph: inout Graph) -> Int {
  let facts = KnownFacts(graph)
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices where !uses.isTouched(index) {
    let add = graph.nodes[index]
    guard case .add = add.operation, add.inputs.count == 2, let output = graph.soleOutput(index) else { continue }
    for position in 0..<2 {
      guard let product = add.inputs[position], uses.isReadOnce(product), let maker = uses.producer(product),
        var dense = Dense(graph, maker, facts), dense.bias == nil,
        let constant = graph.constantInput(index, 1 - position),
        let bias = Dense.row(constant, outputs: dense.outputs)
      else { continue }
      dense.bias = bias
      let (name, weight) = (graph.nodes[maker].name, graph.nodes[maker].inputs[1])
      guard let node = dense.node(name, output: output, weightID: weight, in: &graph) else { continue }
      graph.nodes[maker] = node
      uses.touch(maker)
      uses.remove(index)
      changes += 1
      break
    }
  }
  graph.removeNodes(uses.removed)
  return changes
}
