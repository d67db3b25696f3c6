import ModelGraph

/// Conv → Add of a value of the same shape (a residual) and Conv → Relu or Clip, or all three, become one FusedConv
/// (`com.microsoft`): Y = activation(Conv(X, W) + B + Z), which the convolution's epilogue computes for nothing.
///
/// Only where nothing else reads the values between. Of two convolutions that are added, the later one takes the other's
/// output as its Z. Exact up to the order of summation (1e-6 relative, tested).
public func fuseConvolution(_ graph: inout Graph) -> Int {
  fuseResiduals(&graph) + fuseActivations(&graph)
}

/// A Conv, or a FusedConv that has room left for what follows it.
private struct Convolution {
  var inputs: [Graph.ValueID?]
  var attributes: [Attribute]

  /// - Parameter takesResidual: whether a Z must still fit in.
  init?(_ node: Graph.Node, takesResidual: Bool) {
    switch node.operation {
    case .conv(let conv): attributes = conv.attributes
    case .fusedConv(let fused):
      guard let activation = try? fused.attributeReader.string("activation", default: ""), activation.isEmpty,
        !takesResidual || node.inputs.count < 4 || node.inputs[3] == nil
      else { return nil }
      attributes = fused.attributes.filter { $0.name != "activation" && $0.name != "activation_params" }
    default: return nil
    }
    inputs = node.inputs
    while inputs.count < 3 { inputs.append(nil) }
  }

  func node(_ name: String, output: Graph.ValueID) -> Graph.Node? {
    guard
      let fused = try? Operator(named: "FusedConv", domain: .microsoft, inputCount: inputs.count, attributes)
    else { return nil }
    return Graph.Node(name, fused, inputs: inputs, outputs: [output])
  }
}

/// The fused node stands where the Add stood: everything both of them read has been made there.
private func fuseResiduals(_ graph: inout Graph) -> Int {
  let facts = KnownFacts(graph)
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices {
    let add = graph.nodes[index]
    guard case .add = add.operation, add.inputs.count == 2, let a = add.inputs[0], let b = add.inputs[1],
      let output = graph.soleOutput(index), facts.type(a) == .float32, facts.always(a, b, { $0 == $1 })
    else { continue }
    // The later of the two first: the least moves.
    let later = (uses.producer(a) ?? -1) >= (uses.producer(b) ?? -1) ? [(a, b), (b, a)] : [(b, a), (a, b)]
    for (sum, residual) in later {
      guard uses.isReadOnce(sum), let maker = uses.producer(sum),
        var convolution = Convolution(graph.nodes[maker], takesResidual: true)
      else { continue }
      convolution.inputs = Array(convolution.inputs.prefix(3)) + [residual]
      guard let node = convolution.node(graph.nodes[maker].name, output: output) else { continue }
      graph.nodes[index] = node
      uses.touch(index)
      uses.remove(maker)
      changes += 1
      break
    }
  }
  graph.removeNodes(uses.removed)
  return changes
}

private func fuseActivations(_ graph: inout Graph) -> Int {
  let facts = KnownFacts(graph)
  var uses = Uses(graph)
  var changes = 0
  for index in graph.nodes.indices {
    guard let activation = activation(graph, index), let input = graph.nodes[index].inputs[0],
      let output = graph.soleOutput(index), facts.type(input) == .float32, uses.isReadOnce(input),
      let maker = uses.producer(input),
      var convolution = Convolution(graph.nodes[maker], takesResidual: false)
    else { continue }
    convolution.attributes += activation
    guard let node = convolution.node(graph.nodes[maker].name, output: output) else { continue }
    graph.nodes[maker] = node
    uses.touch(maker)
    uses.remove(index)
    changes += 1
  }
  graph.removeNodes(uses.removed)
  return changes
}

/// FusedConv's attributes for a Relu, or a Clip whose bounds are known.
private func activation(_ graph: Graph, _ index: Int) -> [Attribute]? {
  if case .relu = graph.nodes[index].operation { return [.string("activation", "Relu")] }
  guard let (low, high) = graph.bounds(index) else { return nil }
  return [.string("activation", "Clip"), Attribute("activation_params", .floats([low, high]))]
}
