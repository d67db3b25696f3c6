import ModelGraph
import Text

/// Conv → Add of a value of the same shape (a residual), Conv → Relu or Clip, or all three become one FusedConv
/// (`com.microsoft`): Y = activation(Conv(X, W) + B + Z), which the convolution's epilogue computes at no cost.
///
/// Only if nothing else reads the values in between. If two convolutions are added, the later one takes the other's
/// output as its Z. Exact up to the order of summation (1e-6 relative, tested).
public func fuseConvolution(_ graph: inout Graph) -> Int { PassContext.alone(&graph, fuseConvolution) }

func fuseConvolution(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  let facts = context.facts(graph)
  return fuseResiduals(&graph, facts) + fuseActivations(&graph, facts)
}

/// A Conv, or a FusedConv that can absorb a further operator.
private struct Convolution {
  private let window: Window
  private let group: Int
  private var inputs: [Graph.ValueID?]
  var activation = Activation.none

  /// - Parameter takesResidual: whether it must be able to take a residual Z.
  init?(_ node: Graph.Node, takesResidual: Bool) {
    switch node.operation {
    case .conv(let conv): (window, group) = (conv.window, conv.group)
    case .fusedConv(let fused):
      guard fused.activation == .none, !takesResidual || node[FusedConv.Input.z] == nil else { return nil }
      (window, group) = (fused.window, fused.group)
    default: return nil
    }
    inputs = node.inputs
    if inputs.count == FusedConv.Input.b.index { inputs.append(nil) }
  }

  /// The fused node, which adds `residual` where there is one.
  func node(_ name: String, adding residual: Graph.ValueID? = nil, output: Graph.ValueID) -> Graph.Node {
    let fused = FusedConv(window, group: group, activation: activation)
    var node = Graph.Node(name, .fusedConv(fused), inputs: inputs, outputs: [output])
    if let residual { node[FusedConv.Input.z] = residual }
    return node
  }
}

/// The fused node takes the place of the Add, since all inputs of both nodes are available there.
private func fuseResiduals(_ graph: inout Graph, _ facts: KnownFacts) -> Int {
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices {
    let add = graph.nodes[index]
    guard case .add = add.operation, let a = add[Add.Input.a], let b = add[Add.Input.b],
      let output = graph.soleOutput(index), facts.type(a) == .float32, facts.always(a, b, { $0 == $1 })
    else { continue }
    // Try the later of the two first: it moves the least.
    let later = (uses.producer(a) ?? -1) >= (uses.producer(b) ?? -1) ? [(a, b), (b, a)] : [(b, a), (a, b)]
    for (sum, residual) in later {
      guard uses.isReadOnce(sum), let maker = uses.producer(sum),
        let convolution = Convolution(graph.nodes[maker], takesResidual: true)
      else { continue }
      graph.nodes[index] = convolution.node(graph.nodes[maker].name, adding: residual, output: output)
      uses.touch(index)
      uses.remove(maker)
      changes += 1
      break
    }
  }
  graph.removeNodes(uses.removed)
  return changes
}

private func fuseActivations(_ graph: inout Graph, _ facts: KnownFacts) -> Int {
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices {
    guard let activation = activation(graph, index), let input = graph.nodes[index].firstInput,
      let output = graph.soleOutput(index), facts.type(input) == .float32, uses.isReadOnce(input),
      let maker = uses.producer(input),
      var convolution = Convolution(graph.nodes[maker], takesResidual: false)
    else { continue }
    convolution.activation = activation
    graph.nodes[maker] = convolution.node(graph.nodes[maker].name, output: output)
    uses.touch(maker)
    uses.remove(index)
    changes += 1
  }
  graph.removeNodes(uses.removed)
  return changes
}

/// A node as FusedConv's activation: a function of one input, or a Clip whose bounds are known.
private func activation(_ graph: Graph, _ index: Int) -> Activation? {
  Activation(graph.nodes[index].operation) ?? graph.bounds(index).map { .clip(min: $0.low, max: $0.high) }
}
