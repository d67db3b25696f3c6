import ModelGraph

/// Activations that exporters spell out become one node each, which a kernel applies to a layer's sums:
///
/// - x · Sigmoid(x): Swish
/// - x · HardSigmoid(x), x · Clip(x + 3, 0, 6) / 6: HardSwish
/// - Clip(x + 3, 0, 6) / 6: HardSigmoid
/// - x · Tanh(Softplus(x)): Mish
/// - 0.5 · x · (1 + Erf(x / √2)), with its factors in any order: Gelu
///
/// Only of float32, and if nothing else reads the values in between. Exact up to float rounding (1e-6 relative, tested).
public func recogniseActivations(_ graph: inout Graph) -> Int { PassContext.alone(&graph, recogniseActivations) }

func recogniseActivations(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let hasFactors = graph.hasNode { operation in
    switch operation {
    case .mul, .div: true
    default: false
    }
  }
  guard Mul.isIncluded || Div.isIncluded, hasFactors else { return 0 }
  let facts = context.facts(graph)
  var changes = 0
  // A HardSigmoid that is found first is then part of a HardSwish.
  for _ in 0..<2 {
    var uses = Uses(graph)
    for index in graph.nodes.indices where !uses.isTouched(index) {
      guard let output = graph.soleOutput(index), facts.type(output) == .float32 else { continue }
      let search = ActivationSearch(graph: graph, uses: uses, facts: facts)
      guard let found = search.activation(index) else { continue }
      graph.nodes[index] = Graph.Node(
        graph.nodes[index].name, found.operation, inputs: [found.x], outputs: [output])
      uses.touch(index)
      for inner in found.inner { uses.remove(inner) }
      changes += 1
    }
    graph.removeNodes(uses.removed)
  }
  return changes
}

private struct ActivationSearch {
  struct Found {
    let operation: Operator
    let x: Graph.ValueID
    /// The nodes that it replaces besides the last.
    let inner: [Int]
  }

  let graph: Graph
  let uses: Uses
  let facts: KnownFacts

  func activation(_ index: Int) -> Found? {
    let node = graph.nodes[index]
    guard let a = node.firstInput, node.inputs.count == 2, let b = node.inputs[1] else { return nil }
    switch node.operation {
    case .mul:
      return gated(a, b) ?? gated(b, a) ?? gelu(a, b) ?? gelu(b, a) ?? sixth(a, b, of: 1 / 6) ?? sixth(b, a, of: 1 / 6)
    case .div: return sixth(a, b, of: 6)
    default: return nil
    }
  }

  /// x · gate, where the gate is a function of x.
  private func gated(_ x: Graph.ValueID, _ gate: Graph.ValueID) -> Found? {
    guard let index = inner(gate) else { return nil }
    let node = graph.nodes[index]
    switch node.operation {
    case .sigmoid where node.firstInput == x: return Found(operation: .swish(Swish()), x: x, inner: [index])
    case .hardSigmoid(let hard) where node.firstInput == x && abs(hard.alpha - 1 / 6) < 1e-6 && hard.beta == 0.5:
      return Found(operation: .hardSwish(HardSwish()), x: x, inner: [index])
    case .tanh:
      guard let argument = inner(node.firstInput), case .softplus = graph.nodes[argument].operation,
        graph.nodes[argument].firstInput == x
      else { return nil }
      return Found(operation: .mish(Mish()), x: x, inner: [index, argument])
    default: return nil
    }
  }

  /// Clip(x + 3, 0, 6) / 6, or that times x.
  private func sixth(_ value: Graph.ValueID, _ other: Graph.ValueID, of number: Double) -> Found? {
    guard isNumber(other, number) else { return nil }
    if let clip = raisedClip(value) {
      return Found(operation: .hardSigmoid(HardSigmoid(alpha: 1 / 6, beta: 0.5)), x: clip.x, inner: clip.inner)
    }
    guard let index = inner(value), case .mul = graph.nodes[index].operation, graph.nodes[index].inputs.count == 2,
      let a = graph.nodes[index].inputs[0], let b = graph.nodes[index].inputs[1]
    else { return nil }
    for (x, factor) in [(a, b), (b, a)] {
      if let clip = raisedClip(factor), clip.x == x {
        return Found(operation: .hardSwish(HardSwish()), x: x, inner: [index] + clip.inner)
      }
    }
    return nil
  }

  /// Clip(x + 3, 0, 6).
  private func raisedClip(_ value: Graph.ValueID) -> (x: Graph.ValueID, inner: [Int])? {
    guard let clip = inner(value), let bounds = graph.bounds(clip), bounds.low == 0, bounds.high == 6,
      let add = inner(graph.nodes[clip].firstInput), let x = sum(add, with: 3)
    else { return nil }
    return (x, [clip, add])
  }

  /// 0.5 · x · (1 + Erf(x / √2)): `product` is one factor or the product of two.
  private func gelu(_ product: Graph.ValueID, _ factor: Graph.ValueID) -> Found? {
    guard let index = inner(product), case .mul = graph.nodes[index].operation, graph.nodes[index].inputs.count == 2,
      let a = graph.nodes[index].inputs[0], let b = graph.nodes[index].inputs[1]
    else { return nil }
    let factors = [a, b, factor]
    guard let half = factors.firstIndex(where: { isNumber($0, 0.5) }) else { return nil }
    let others = factors.indices.filter { $0 != half }
    for (x, normal) in [(factors[others[0]], factors[others[1]]), (factors[others[1]], factors[others[0]])] {
      if let nodes = normalDistribution(normal, of: x) {
        return Found(operation: .gelu(Gelu()), x: x, inner: [index] + nodes)
      }
    }
    return nil
  }

  /// The nodes of 1 + Erf(x / √2).
  private func normalDistribution(_ value: Graph.ValueID, of x: Graph.ValueID) -> [Int]? {
    guard let add = inner(value), let erf = inner(sum(add, with: 1)), case .erf = graph.nodes[erf].operation,
      let scaled = inner(graph.nodes[erf].firstInput), graph.nodes[scaled].inputs.count == 2,
      let a = graph.nodes[scaled].inputs[0], let b = graph.nodes[scaled].inputs[1]
    else { return nil }
    let isScaled =
      switch graph.nodes[scaled].operation {
      case .div: a == x && isNumber(b, 2.0.squareRoot())
      case .mul: a == x && isNumber(b, 0.5.squareRoot()) || b == x && isNumber(a, 0.5.squareRoot())
      default: false
      }
    return isScaled ? [add, erf, scaled] : nil
  }

  /// What the node adds the number to; nil for another node.
  private func sum(_ index: Int, with number: Double) -> Graph.ValueID? {
    let node = graph.nodes[index]
    guard case .add = node.operation, node.inputs.count == 2, let a = node.inputs[0], let b = node.inputs[1] else {
      return nil
    }
    return isNumber(b, number) ? a : isNumber(a, number) ? b : nil
  }

  /// The node that makes a value which nothing else reads.
  private func inner(_ value: Graph.ValueID?) -> Int? {
    guard let value, uses.isReadOnce(value) else { return nil }
    return uses.producer(value)
  }

  /// Whether the value is that number, of no more axes than any tensor has.
  private func isNumber(_ value: Graph.ValueID, _ number: Double) -> Bool {
    guard let constant = graph.values[value].constant, constant.count == 1, constant.shape.rank <= 1,
      let found = constant.doubles.first
    else { return false }
    return abs(found - number) <= 1e-6 * number
  }
}
