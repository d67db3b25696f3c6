// Late nodes: those whose shapes only a run finds, because they depend on values (NonZero, NonMaxSuppression, a Reshape to
// a shape that is computed from data), and all nodes behind them. Everything before them is planned as usual.

import Text

extension Graph {
  /// As ``infer(_:)``, but a node whose shape depends on values that only a run finds is late, and so are the nodes that
  /// read its outputs. The facts of late values are nil.
  public func inferEarly(_ inputShapes: [Shape]? = nil) throws(GraphError) -> (facts: [Fact?], isLate: [Bool]) {
    var facts = try sourceFacts(inputShapes)
    var isLate = [Bool](repeating: false, count: nodes.count)
    var isLateValue = [Bool](repeating: false, count: values.count)
    for (index, node) in nodes.enumerated() {
      isLate[index] = node.inputs.contains { $0.map { isLateValue[$0] } ?? false }
      if !isLate[index] {
        do {
          try infer(node, into: &facts, inputShapes)
        } catch {
          guard error.code == .notConstant else { throw error }
          isLate[index] = true
        }
      }
      if isLate[index] { for case let output? in node.outputs { isLateValue[output] = true } }
    }
    return (facts, isLate)
  }

  /// Takes the late nodes out of this graph.
  ///
  /// Early values that late nodes read become further outputs of this graph, behind those of ``outputs`` that are early.
  ///
  /// - Returns: the late nodes as a graph of their own, whose inputs are those further outputs, in their order, and whose
  ///   outputs are the late ones of ``outputs``.
  public mutating func splitOff(late isLate: [Bool]) -> Graph {
    var late = Graph(name: name)
    var ids: [ValueID: ValueID] = [:]
    var isLateValue = [Bool](repeating: false, count: values.count)
    for (index, node) in nodes.enumerated() where isLate[index] {
      for case let output? in node.outputs { isLateValue[output] = true }
    }
    var crossing: [ValueID] = []
    for (index, node) in nodes.enumerated() where isLate[index] {
      var copy = node
      for (position, input) in node.inputs.enumerated() {
        guard let input else { continue }
        if ids[input] == nil {
          let value = values[input]
          ids[input] = late.addValue(value.name, constant: value.constant, declaration: value.declaration)
          if value.constant == nil {
            crossing.append(input)
            late.inputs.append(late.values.count - 1)
          }
        }
        copy.inputs[position] = ids[input]
      }
      for (position, output) in node.outputs.enumerated() {
        guard let output else { continue }
        ids[output] = late.addValue(values[output].name)
        copy.outputs[position] = ids[output]
      }
      late.nodes.append(copy)
    }
    for output in outputs where isLateValue[output] {
      if let id = ids[output] { late.outputs.append(id) }
    }
    outputs = outputs.filter { !isLateValue[$0] } + crossing
    removeNodes(isLate)
    return late
  }

  /// The type of an output whose shape only a run finds, as the file declares it. Throws E211 if it does not.
  public func lateOutputType(_ output: ValueID) throws(GraphError) -> ElementType {
    guard let declaration = values[output].declaration else {
      throw GraphError(
        .notConstant,
        "output '\(values[output].name)' has a shape that only a run finds, and the file does not declare its type. "
          + "Export it with typed outputs, or make the shape an initialiser")
    }
    return declaration.type
  }
}
