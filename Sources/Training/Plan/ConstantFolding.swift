import ModelGraph

extension Graph {
  /// Computes every node whose inputs are all constants (Constant and Identity, dequantised weights) once and for all, so
  /// that what is left reads its weights straight from constants. True of any batch.
  mutating func foldConstants() throws(GraphError) {
    var kept: [Node] = []
    for node in nodes {
      guard node.inputs.allSatisfy({ $0.map { values[$0].constant != nil } ?? true }) else {
        kept.append(node)
        continue
      }
      let results: [Tensor]
      do { results = try node.operation.evaluate(node.inputs.map { $0.flatMap { values[$0].constant } }) } catch {
        throw error.at(node.place)
      }
      for (output, value) in zip(node.outputs, results) {
        if let output { values[output].constant = value }
      }
    }
    nodes = kept
  }

  /// Drops every node whose results are known once the inputs' shapes are (Shape → Gather → Concat). What is left is a
  /// graph for this one batch: good to train, not to be saved.
  mutating func foldShapes(_ inputShapes: [Shape]) throws(GraphError) {
    let facts = try infer(inputShapes)
    var kept: [Node] = []
    for node in nodes {
      let known = node.outputs.map { $0.map { facts[$0]?.constant } ?? nil }
      guard zip(node.outputs, known).allSatisfy({ $0 == nil || $1 != nil }) else {
        kept.append(node)
        continue
      }
      for (output, value) in zip(node.outputs, known) {
        if let output { values[output].constant = value }
      }
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
