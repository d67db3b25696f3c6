import ModelGraph
import Text

/// Replaces nodes whose outputs are known before running by constants: nodes that read only constants, and shape
/// arithmetic (Shape → Gather → Concat → …) over extents that do not depend on a symbolic dimension.
///
/// Exact: the values are computed by the operators' definitions. Not folded: DequantizeLinear of constants (int8
/// weights stay int8, which takes a quarter of the memory and is what integer kernels need) unless a QuantizeLinear reads
/// it, at once or moved, which is folded with it (onnxruntime's quantiser writes such pairs behind an Identity of a shared
/// weight); results much larger than their inputs or, in total, than the model's weights (a chain of Concats doubles a
/// constant with every node); nodes that produce a graph output.
public func foldConstants(_ graph: inout Graph) -> Int { PassContext.alone(&graph, foldConstants) }

func foldConstants(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let facts = context.facts(graph)
  var isOutput = [Bool](repeating: false, count: graph.values.count)
  for id in graph.outputs { isOutput[id] = true }
  var (unkept, index) = (Unkept(graph), -1)
  return replaceNodes(&graph) { node, graph in
    index += 1
    unkept.note(node, at: index)
    guard !node.outputs.contains(where: { $0.map { isOutput[$0] } ?? true }) else { return nil }
    switch node.operation {
    case .dequantizeLinear, .dropout, .branch: return nil
    case .quantizeLinear:
      let floats = node.inputs[0].flatMap { unkept.value($0, facts, graph, &context, depth: 4) }
      return knownResults(node, first: floats, facts, graph, &context)
    default: return knownResults(node, facts, graph, &context)
    }
  }
}

/// Values that are known but do not become constants: made from constants by DequantizeLinear, and by nodes behind it that
/// move elements.
private struct Unkept {
  /// By value: the index of the node that makes it, or −1.
  private var makers: [Int32]

  init(_ graph: Graph) { makers = [Int32](repeating: -1, count: graph.values.count) }

  /// Notes what the graph's node of this index makes, if that may be such a value.
  mutating func note(_ node: Graph.Node, at index: Int) {
    guard let output = node.outputs.first ?? nil else { return }
    switch node.operation {
    case .dequantizeLinear: makers[output] = Int32(index)
    case .flatten, .gather, .reshape, .slice, .squeeze, .transpose, .unsqueeze:
      if let input = node.inputs[0], makers[input] >= 0 { makers[output] = Int32(index) }
    default: break
    }
  }

  /// A value's content, if it is such a one and known: made by at most `depth` nodes one behind the other.
  func value(
    _ id: Graph.ValueID, _ facts: KnownFacts, _ graph: Graph, _ context: inout PassContext, depth: Int
  ) -> Tensor? {
    guard depth > 0, makers[id] >= 0 else { return nil }
    let node = graph.nodes[Int(makers[id])]
    let first = node.inputs[0].flatMap { value($0, facts, graph, &context, depth: depth - 1) }
    return knownResults(node, first: first, isKept: false, facts, graph, &context)?[0]
  }
}

/// Replaces nodes by constants: those for which `results` returns the values of their outputs. Later nodes see the
/// constants of earlier ones. Returns how many nodes were replaced.
///
/// The part of constant folding that inference and training share. They differ in what they fold: training folds weights of
/// any size and needs one batch's shapes, inference limits the work and keeps 8-bit weights.
public func replaceNodes<Failure: Error>(
  _ graph: inout Graph, by results: (Graph.Node, Graph) throws(Failure) -> [Tensor?]?
) throws(Failure) -> Int {
  var replaced = [Bool](repeating: false, count: graph.nodes.count)
  var changes = 0
  for index in graph.nodes.indices {
    guard let values = try results(graph.nodes[index], graph) else { continue }
    for (output, value) in zip(graph.nodes[index].outputs, values) {
      if let output, let value { graph.values[output].constant = value }
    }
    replaced[index] = true
    changes += 1
  }
  if changes > 0 { graph.removeNodes(replaced) }
  return changes
}

/// The values of a node's outputs; nil if they are not known, or too large.
///
/// - Parameters:
///   - first: its first input, if that is known and no constant of the graph.
///   - isKept: whether they become constants; otherwise int8 may become float.
private func knownResults(
  _ node: Graph.Node, first: Tensor? = nil, isKept: Bool = true, _ facts: KnownFacts, _ graph: Graph,
  _ context: inout PassContext
) -> [Tensor?]? {
  let inferred = node.outputs.map { $0.flatMap { facts.constant($0) } }
  if inferred.allSatisfy({ $0 != nil }) { return inferred }

  var arguments: [Tensor?] = []
  var bytes = 0
  for (index, input) in node.inputs.enumerated() {
    let constant = index == 0 && first != nil ? first : input.flatMap { graph.values[$0].constant }
    guard input == nil || constant != nil else { return nil }
    arguments.append(constant)
    bytes += constant?.byteCount ?? 0
  }
  // The shape rule is checked first, so that a malicious constant is not computed only to be rejected.
  let types = arguments.map { $0.map { Fact($0) } }
  guard let shapes = try? node.operation.infer(types, outputCount: node.outputs.count) else { return nil }
  let size = shapes.reduce(0) { $0 + $1.shape.count * $1.type.byteCount }
  if case .constant = node.operation {
  } else {
    let work = bytes + size + (shapes.first.map { node.operation.multiplyAdds(types, output: $0.shape) } ?? 0)
    guard size <= max(65536, (isKept ? 2 : 4) * bytes), context.allows(bytes: isKept ? size : 0, work: work)
    else { return nil }
  }
  guard let results = try? node.operation.evaluate(arguments), results.count >= node.outputs.count else { return nil }
  return results.map { Optional($0) }
}
