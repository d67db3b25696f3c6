import ModelGraph
import Text

/// Below opset 7, the attribute `axis` says where the first axis of an operator's second input lies in the first one. Today
/// the last axes of both lie side by side, so the second input gets axes of extent 1 at its end.
///
/// How many depends on both ranks, which are known only once the whole graph is read.
struct OldBroadcast {
  /// The inputs to be aligned: the node's index in ``Graph/nodes``, the input's in the node, and the axis.
  private var places: [(node: Int, input: Int, axis: Int)] = []

  mutating func add(_ aligned: [(index: Int, axis: Int)], of node: Int) {
    for input in aligned { places.append((node, input.index, input.axis)) }
  }

  /// Adds the axes. Returns what is wrong with inputs that cannot be aligned.
  func spellOut(in graph: inout Graph) -> [GraphError] {
    if places.isEmpty { return [] }
    var problems: [GraphError] = []
    var facts: [Fact?] = graph.values.map { $0.constant.map { Fact($0) } }
    for id in graph.inputs {
      if let declaration = graph.values[id].declaration, let shape = try? declaration.shape().checked() {
        facts[id] = Fact(declaration.type, shape)
      }
    }
    var nodes: [Graph.Node] = []
    var next = 0
    for (index, original) in graph.nodes.enumerated() {
      var node = original
      while next < places.count, places[next].node == index {
        do throws(GraphError) {
          try align(&node, places[next].input, to: places[next].axis, in: &graph, &facts, &nodes)
        } catch {
          problems.append(error.at(node.place))
        }
        next += 1
      }
      nodes.append(node)
      // A node that the shape rule refuses is reported when the whole graph is checked.
      for (output, fact) in zip(node.outputs, (try? graph.infer(node, facts)) ?? []) {
        if let output { facts[output] = fact }
      }
    }
    graph.nodes = nodes
    return problems
  }

  private func align(
    _ node: inout Graph.Node, _ input: Int, to axis: Int, in graph: inout Graph, _ facts: inout [Fact?],
    _ nodes: inout [Graph.Node]
  ) throws(GraphError) {
    guard input < node.inputs.count, let first = node.firstInput, let second = node.inputs[input] else { return }
    guard let a = facts[first], let b = facts[second] else {
      throw GraphError(
        .badAttribute, "attribute 'axis' aligns two inputs whose ranks are not known; export the model for opset 21")
    }
    let missing = a.shape.rank - axis - b.shape.rank
    guard missing >= 0 || b.constant?.count == 1 else {
      throw GraphError(.badAttribute, "axis \(axis) of \(a.shape) leaves no room for an input of shape \(b.shape)")
    }
    guard missing > 0 else { return }
    let name = graph.values[second].name
    let axes = (b.shape.rank..<b.shape.rank + missing).map { Int64($0) }
    let aligned = graph.addValue(graph.freshName("\(name)_aligned"))
    facts.append(nil)
    if let constant = b.constant {
      let tensor = try constant.reshaped(Shape(constant.shape.extents + axes.map { _ in 1 }))
      graph.values[aligned].constant = tensor
      facts[aligned] = Fact(tensor)
    } else {
      let added = try Tensor([axes.count], axes)
      let list = graph.addFreshConstant("\(name)_axes", added)
      facts.append(Fact(added))
      let unsqueeze = Graph.Node(
        graph.values[aligned].name, .unsqueeze(Unsqueeze()), inputs: [second, list], outputs: [aligned])
      nodes.append(unsqueeze)
      facts[aligned] = try graph.infer(unsqueeze, facts).first
    }
    node.inputs[input] = aligned
  }
}
