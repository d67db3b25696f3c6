import ModelGraph

/// DequantizeLinear of a constant becomes a float constant, once every layer that can run on integers does: what is left
/// is read by float operators, whose kernels want constant weights.
///
/// Exact. It takes four times the memory of the integers, within the budget of all passes.
public func dequantizeConstants(_ graph: inout Graph) -> Int { PassContext.alone(&graph, dequantizeConstants) }

func dequantizeConstants(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  guard DequantizeLinear.isIncluded else { return 0 }
  var isOutput = [Bool](repeating: false, count: graph.values.count)
  for id in graph.outputs { isOutput[id] = true }
  return replaceNodes(&graph) { node, graph in
    guard case .dequantizeLinear = node.operation, let output = node.firstOutput, !isOutput[output],
      let x = node[DequantizeLinear.Input.x], let integers = graph.values[x].constant
    else { return nil }
    let arguments = node.inputs.map { $0.flatMap { graph.values[$0].constant } }
    guard zip(node.inputs, arguments).allSatisfy({ $0 == nil || $1 != nil }),
      context.allows(bytes: 4 * integers.count, work: 4 * integers.count),
      let results = try? node.operation.evaluate(arguments), results.count == 1
    else { return nil }
    return [results[0]]
  }
}
