import ModelGraph

/// Pad → Conv becomes Conv with larger pads, where zeros are added around planes, as exporters write TensorFlow's uneven
/// "SAME" padding.
///
/// Only if nothing else reads the padded value. Exact.
public func foldPadIntoConvolution(_ graph: inout Graph) -> Int { PassContext.alone(&graph, foldPadIntoConvolution) }

func foldPadIntoConvolution(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  guard graph.hasNode(where: { if case .pad = $0 { true } else { false } }) else { return 0 }
  let facts = context.facts(graph)
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices where !uses.isTouched(index) {
    guard case .conv(var conv) = graph.nodes[index].operation, conv.window.autoPad == .notSet,
      let input = graph.nodes[index][Conv.Input.x], facts.type(input) == .float32, uses.isReadOnce(input),
      let maker = uses.producer(input), let x = graph.nodes[maker][Pad.Input.data], let rank = facts.rank(input),
      let added = zeros(graph.nodes[maker], rank, facts)
    else { continue }
    let old = conv.window.pads.isEmpty ? [Int](repeating: 0, count: 2 * (rank - 2)) : conv.window.pads
    guard old.count == added.count, zip(old, added).allSatisfy({ $0 <= 1 << 20 && $1 <= 1 << 20 }) else { continue }
    conv.window.pads = zip(old, added).map { $0 + $1 }
    var node = graph.nodes[index]
    node.operation = .conv(conv)
    node[Conv.Input.x] = x
    graph.nodes[index] = node
    uses.touch(index)
    uses.remove(maker)
    changes += 1
  }
  graph.removeNodes(uses.removed)
  return changes
}

/// What a Pad adds before and after each spatial axis; nil if it adds anything else than zeros there.
private func zeros(_ node: Graph.Node, _ rank: Int, _ facts: KnownFacts) -> [Int]? {
  guard case .pad(let pad) = node.operation, pad.mode == .constant, node[Pad.Input.axes] == nil,
    let id = node[Pad.Input.pads], let pads = facts.constant(id)?.ints, rank >= 3, pads.count == 2 * rank
  else { return nil }
  if let value = node[Pad.Input.constantValue] {
    guard let number = facts.constant(value)?.doubles, number == [0] else { return nil }
  }
  let (before, after) = (pads[..<rank], pads[rank...])
  guard before.prefix(2).allSatisfy({ $0 == 0 }), after.prefix(2).allSatisfy({ $0 == 0 }), pads.allSatisfy({ $0 >= 0 })
  else { return nil }
  return Array(before.dropFirst(2)) + Array(after.dropFirst(2))
}
