import ModelGraph

extension Graph {
  /// Computes every node whose inputs are all constants (Constant and Identity, dequantised weights, shape arithmetic)
  /// once and for all, so that what is left reads its weights straight from constants.
  mutating func foldConstantsForTraining(_ inputShapes: [Shape]) throws(GraphError) {
    let facts = try infer(inputShapes)
    var kept: [Node] = []
    for node in nodes {
      var known: [Tensor]? = []
      for output in node.outputs {
        guard let output else { continue }
        if let value = facts[output]?.constant { known?.append(value) } else { known = nil }
      }
      let inputsKnown = node.inputs.allSatisfy { $0.map { values[$0].constant != nil } ?? true }
      if known == nil, inputsKnown {
        do { known = try node.operation.evaluate(node.inputs.map { $0.flatMap { values[$0].constant } }) } catch {
          throw error.at(node.place)
        }
      }
      guard let known else {
        kept.append(node)
        continue
      }
      for (output, value) in zip(node.outputs.compactMap { $0 }, known) { values[output].constant = value }
    }
    nodes = kept
  }

  /// Leaves one meaning to the operators that have two: what BatchNormalization and Dropout do in training is the
  /// trainer's affair, and the graph that comes out of it is for inference.
  mutating func forgetTrainingMode() {
    for index in nodes.indices {
      switch nodes[index].operation {
      case .batchNormalization(var definition):
        definition.trainingMode = false
        nodes[index].operation = .batchNormalization(definition)
      case .dropout: nodes[index].inputs = Array(nodes[index].inputs.prefix(2))
      default: continue
      }
      nodes[index].outputs = Array(nodes[index].outputs.prefix(1))
    }
  }
}
