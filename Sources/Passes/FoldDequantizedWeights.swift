import ModelGraph

/// DequantizeLinear of constants becomes a float constant where no integer operator has taken the integers: float kernels
/// pack known weights only. Runs once integer operators have taken theirs (lower-quantization).
///
/// Exact: computed by the operator's definition. A weight takes four bytes instead of one; beyond the pipeline's budget
/// the nodes stay, and run.
public func foldDequantizedWeights(_ graph: inout Graph) -> Int { PassContext.alone(&graph, foldDequantizedWeights) }

func foldDequantizedWeights(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let outputs = graph.outputs
  return replaceNodes(&graph) { node, graph in
    guard case .dequantizeLinear = node.operation, let output = node.firstOutput, !outputs.contains(output) else {
      return nil
    }
    var arguments: [Tensor?] = []
    for input in node.inputs {
      let constant = input.flatMap { graph.values[$0].constant }
      guard input == nil || constant != nil else { return nil }
      arguments.append(constant)
    }
    guard let count = arguments.first??.count, context.allows(bytes: 4 * count, work: count),
      let results = try? node.operation.evaluate(arguments)
    else { return nil }
    return results.map { Optional($0) }
  }
}
