import ModelGraph
import Passes

/// A graph prepared for training, in two forms.
struct TrainableGraph {
  /// For batches of any size, as it is saved after training.
  let saved: Graph
  /// For one batch size: all shapes are known, and a smaller last batch still fits.
  let planned: Graph
  /// Facts of the planned graph's values for another batch size.
  let other: [Fact?]

  init(_ graph: Graph, inputShape: Shape) throws(GraphError) {
    var graph = graph
    graph.forgetTrainingMode()
    try graph.nameCastTypes(inputShape)
    try graph.foldConstants()
    saved = graph
    try graph.foldShapes(inputShape)
    try graph.sliceSplits([inputShape])
    other = try graph.freePlannedBatch(inputShape)
    planned = graph
  }
}

extension Graph {
  /// Computes every node whose inputs are all constants: Constant, Identity, dequantised weights. Then all weights are
  /// constants. The result holds for any batch size.
  ///
  /// - Parameter excluding: nodes that stay.
  fileprivate mutating func foldConstants(excluding: (Node) -> Bool = { _ in false }) throws(GraphError) {
    _ = try replaceNodes(&self) { (node, graph) throws(GraphError) in
      guard !excluding(node), node.inputs.allSatisfy({ $0.map { graph.values[$0].constant != nil } ?? true }) else {
        return nil
      }
      do throws(GraphError) {
        return try node.operation.evaluate(node.inputs.map { $0.flatMap { graph.values[$0].constant } })
      } catch { throw error.at(node.place) }
    }
  }

  /// Removes every node whose results follow from the inputs' shapes, such as Shape → Gather → Concat, or Swin's masks. The
  /// result holds for this batch size only: it is planned, not saved. A float value that is as large as the batch stays: it
  /// can be smaller.
  fileprivate mutating func foldShapes(_ inputShape: Shape) throws(GraphError) {
    let facts = try infer([inputShape])
    var larger = inputShape
    larger[0] += 1
    let other = (try? infer([larger])) ?? facts
    func isFree(_ node: Node) -> Bool {
      node.outputs.contains { output in
        output.map { facts[$0]?.type == .float32 && facts[$0]?.shape != other[$0]?.shape } ?? false
      }
    }
    _ = replaceNodes(&self) { node, _ in
      let known = node.outputs.map { $0.map { facts[$0]?.constant } ?? nil }
      return !isFree(node) && zip(node.outputs, known).allSatisfy { $0 == nil || $1 != nil } ? known : nil
    }
    // The shape rules know small values only.
    try foldConstants(excluding: isFree)
  }

  /// Sets BatchNormalization and Dropout to their inference form. Training implements their training mode itself, and saves
  /// a graph for inference.
  public mutating func forgetTrainingMode() {
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

  /// Replaces every Split by a Slice for each part: a training step has one output. The result is planned, not saved.
  fileprivate mutating func sliceSplits(_ inputShapes: [Shape]) throws(GraphError) {
    guard nodes.contains(where: { $0.outputs.count > 1 && $0.operation.name == SplitOperator.name }) else { return }
    let facts = try infer(inputShapes)
    var replaced: [Node] = []
    for node in nodes {
      guard case .split(let split) = node.operation, node.outputs.count > 1, let data = node[SplitOperator.Input.data],
        let shape = facts[data]?.shape
      else {
        replaced.append(node)
        continue
      }
      let axis = try shape.axis(split.axis, of: SplitOperator.name)
      var start = 0
      for (output, part) in zip(node.outputs, try infer(node, facts)) {
        let end = start + part.shape[axis]
        if let output {
          var inputs: [ValueID?] = [data]
          for (name, number) in [("start", start), ("end", end), ("axis", axis)] {
            inputs.append(addFreshConstant("\(values[output].name)/\(name)", try Tensor([1], [Int64(number)])))
          }
          replaced.append(Node(node.name, .slice(Slice()), inputs: inputs, outputs: [output]))
        }
        start = end
      }
    }
    nodes = replaced
  }
}
