import ModelGraph

/// Nodes that hand their input on unchanged go: Identity, Dropout outside training, Cast to the type it has, Concat of
/// one, Reshape, Flatten, Squeeze, Unsqueeze and Transpose that leave every extent where it is.
///
/// Exact. A node stays where a graph input or constant is handed straight to a graph output.
public func dropIdentity(_ graph: inout Graph) -> Int {
  let facts = KnownFacts(graph)
  var producers = graph.producers()
  var reads = graph.readCounts()
  var removed = [Bool](repeating: false, count: graph.nodes.count)
  var changes = 0
  for index in graph.nodes.indices {
    let node = graph.nodes[index]
    guard let input = node.inputs.first ?? nil, let output = node.outputs.first ?? nil else { continue }
    // A second output (Dropout's mask) must be wanted by nobody.
    guard node.outputs.dropFirst().allSatisfy({ $0.map { reads[$0] == 0 } ?? true }) else { continue }
    guard isIdentity(node, input, output, facts, graph) else { continue }
    guard graph.bypass(from: input, to: output, producers: producers) else { continue }
    removed[index] = true
    changes += 1
    reads = graph.readCounts()
    if let producer = producers[input] { producers[output] = producer }
  }
  graph.removeNodes(removed)
  return changes
}

private func isIdentity(
  _ node: Graph.Node, _ input: Graph.ValueID, _ output: Graph.ValueID, _ facts: KnownFacts, _ graph: Graph
) -> Bool {
  switch node.operation {
  case .identity: return true
  case .dropout:
    guard node.inputs.count > 2, let training = node.inputs[2] else { return true }
    guard let value = graph.values[training].constant else { return false }
    return value.doubles.allSatisfy { $0 == 0 }
  case .cast: return facts.type(input) != nil && facts.type(input) == facts.type(output)
  case .concat: return node.inputs.count == 1
  case .reshape, .flatten, .squeeze, .unsqueeze: return facts.always(input, output) { $0 == $1 }
  case .transpose(let transpose):
    guard let rank = facts.rank(input) else { return false }
    // Without a permutation the axes are reversed.
    let order = (try? transpose.attributeReader.optionalInts("perm")) ?? nil
    return order == Array(0..<rank) || (order == nil && rank < 2)
  default: return false
  }
}
