import ModelGraph
import Text

/// Removes nodes that pass their input on unchanged: Identity, Dropout in inference, Cast to the same type, Concat of
/// one input, and Reshape, Flatten, Squeeze, Unsqueeze and Transpose that do not change the shape.
///
/// Exact. A node stays if it passes a graph input or constant directly to a graph output.
public func dropIdentity(_ graph: inout Graph) -> Int { PassContext.alone(&graph, dropIdentity) }

func dropIdentity(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let facts = context.facts(graph)
  let reads = graph.readCounts()
  var bypasses = Bypasses(graph)
  var removed = [Bool](repeating: false, count: graph.nodes.count)
  var changes = 0
  for index in graph.nodes.indices {
    let node = graph.nodes[index]
    guard let input = node.firstInput, let output = node.firstOutput else { continue }
    // A second output (Dropout's mask) must be unused.
    guard node.outputs.dropFirst().allSatisfy({ $0.map { reads[$0] == 0 } ?? true }) else { continue }
    guard isIdentity(node, input, output, facts, graph) else { continue }
    guard bypasses.add(from: input, to: output, &graph) else { continue }
    removed[index] = true
    changes += 1
  }
  if changes == 0 { return 0 }
  bypasses.apply(&graph)
  graph.removeNodes(removed)
  return changes
}

/// Removes a set of pass-through nodes together: readers of their outputs read their inputs instead. One walk over the
/// graph for all of them.
private struct Bypasses {
  /// The replacement of each value; the value itself if it is not replaced.
  private var standIns: [Graph.ValueID]
  private var producers: [Int?]
  private var isOutput: [Bool]

  init(_ graph: Graph) {
    standIns = Array(graph.values.indices)
    producers = graph.producers()
    isOutput = [Bool](repeating: false, count: graph.values.count)
    for id in graph.outputs { isOutput[id] = true }
  }

  /// Returns false if the node must stay because `output` is a graph output and no other node can produce it under its
  /// name.
  mutating func add(from input: Graph.ValueID, to output: Graph.ValueID, _ graph: inout Graph) -> Bool {
    let source = standIn(input)
    guard isOutput[output] else {
      standIns[output] = source
      return true
    }
    guard !isOutput[source], let producer = producers[source] else { return false }
    for position in graph.nodes[producer].outputs.indices where graph.nodes[producer].outputs[position] == source {
      graph.nodes[producer].outputs[position] = output
    }
    standIns[source] = output
    producers[output] = producer
    return true
  }

  mutating func apply(_ graph: inout Graph) {
    for index in graph.nodes.indices {
      for position in graph.nodes[index].inputs.indices {
        guard let id = graph.nodes[index].inputs[position] else { continue }
        let source = standIn(id)
        if source != id { graph.nodes[index].inputs[position] = source }
      }
    }
  }

  private mutating func standIn(_ id: Graph.ValueID) -> Graph.ValueID {
    var end = id
    while standIns[end] != end { end = standIns[end] }
    var at = id
    while standIns[at] != end {
      let next = standIns[at]
      standIns[at] = end
      at = next
    }
    return end
  }
}

private func isIdentity(
  _ node: Graph.Node, _ input: Graph.ValueID, _ output: Graph.ValueID, _ facts: KnownFacts, _ graph: Graph
) -> Bool {
  switch node.operation {
  case .identity: return true
  case .dropout:
    guard let training = node[Dropout.Input.trainingMode] else { return true }
    guard let value = graph.values[training].constant else { return false }
    return value.doubles.allSatisfy { $0 == 0 }
  case .cast: return facts.type(input) != nil && facts.type(input) == facts.type(output)
  case .concat: return node.inputs.count == 1
  case .reshape, .flatten, .squeeze, .unsqueeze: return facts.always(input, output) { $0 == $1 }
  case .transpose(let transpose):
    guard let rank = facts.rank(input) else { return false }
    // Without a permutation the axes are reversed.
    return transpose.perm.map { $0 == Array(0..<rank) } ?? (rank < 2)
  default: return false
  }
}
