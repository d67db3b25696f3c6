import ModelGraph

extension Graph {
  /// The same network with a fresh last layer for `classes` classes, to fine-tune any ONNX classifier.
  ///
  /// The last layer is the first Gemm, MatMul (with the Add after it) or 1×1 Conv on the way back from the first output
  /// through nodes without weights: Flatten, Reshape, pooling, … A Softmax, LogSoftmax or Sigmoid after it is removed
  /// (``endInLogits()``). The output is named `logits`. New weights are uniform within ±1/√in, as in PyTorch.
  ///
  /// Throws E211 if there is no such layer or its weights are not constants.
  public func replacingHead(classes: Int, seed: UInt64) throws(GraphError) -> Graph {
    guard classes >= 1, classes <= 1_000_000 else {
      throw GraphError(.badInput, "\(classes) classes; there must be at least one")
    }
    guard let first = outputs.first else { throw GraphError(.noOutput, "the model has no output") }
    var graph = self
    graph.outputs = [first]
    try graph.endInLogits()
    let layer = try graph.lastLayer()
    let features = try graph.features(of: layer)
    var builder = NetworkBuilder(extending: graph, seed: seed)
    let bound = 1 / Float(features).squareRoot()
    let node = graph.nodes[layer.index]

    // The old weight's shape with the new number of classes.
    var shape = graph.values[layer.weight].constant?.shape ?? []
    shape[layer.classAxis] = classes
    let weight = try builder.uniform(shape, bound: bound)
    let bias = try builder.uniform([classes], bound: bound)
    graph.replaceConstant(layer.index, Conv.Input.w, weight, name: "\(node.name).weight")
    switch node.operation {
    case .matMul:
      if let add = layer.addIndex { graph.replaceConstant(add, layer.bias, bias, name: "\(node.name).bias") }
    default: graph.replaceConstant(layer.index, Conv.Input.b, bias, name: "\(node.name).bias")
    }

    // The file's declarations of values after the head no longer hold.
    for later in graph.nodes[layer.index...] {
      for case let id? in later.outputs { graph.values[id].declaration = nil }
    }
    let output = graph.outputs[0]
    let batch = graph.inputs.first.flatMap { graph.values[$0].declaration?.dimensions.first } ?? .symbol("N")
    if graph.values[output].name != "logits" { graph.values[output].name = graph.freshName("logits") }
    graph.values[output].declaration = Declaration(.float32, [batch, .fixed(classes)])
    graph.dropUnused()
    try graph.checkHead(classes: classes)
    return graph
  }

  /// The same network up to its global pooling, followed by fastai's head.
  ///
  /// Throws E211 if no pooling leaves one value per channel.
  public func replacingHeadByFastais(classes: Int, inputShape: Shape, seed: UInt64) throws(GraphError) -> Graph {
    let facts = try infer([inputShape])
    let pooling = nodes.last { node in
      guard let x = node.firstInput, let y = node.firstOutput, let from = facts[x]?.shape,
        let to = facts[y]?.shape, from.rank == 4
      else { return false }
      switch node.operation {
      case .globalAveragePool, .globalMaxPool, .averagePool, .maxPool, .reduceMean, .reduceMax:
        return to.count == from[0] * from[1]
      default: return false
      }
    }
    guard let x = pooling?.firstInput, let features = facts[x]?.shape[1] else {
      throw GraphError(.notConstant, "no pooling leaves one value a channel").head
    }
    var builder = NetworkBuilder(extending: self, seed: seed)
    for index in builder.graph.values.indices where builder.graph.values[index].name == "logits" {
      builder.graph.values[index].name = "old_logits"
    }
    let logits = try builder.fastaiHead(x, features: features, classes: classes)
    var graph = builder.graph
    let batch = graph.inputs.first.flatMap { graph.values[$0].declaration?.dimensions.first } ?? .symbol("N")
    graph.values[logits].declaration = Declaration(.float32, [batch, .fixed(classes)])
    graph.outputs = [logits]
    graph.dropUnused()
    try graph.checkHead(classes: classes)
    return graph
  }

  private struct LastLayer {
    var index: Int
    var weight: ValueID
    /// The axis of the weights that counts classes.
    var classAxis: Int
    /// MatMul's bias: the Add after it, and which of its inputs is the constant.
    var addIndex: Int?
    var bias = Add.Input.b
  }

  /// Removes the Softmax, LogSoftmax or Sigmoid after the last layer that turns the first output into probabilities. The
  /// training loss computes its own softmax from logits; with two in a row, every score would lie between 0 and 1.
  public mutating func endInLogits() throws(GraphError) {
    guard let first = outputs.first else { throw GraphError(.noOutput, "the model has no output") }
    let producers = producers()
    var value = first
    while let maker = producers[value], let input = nodes[maker].firstInput {
      switch nodes[maker].operation {
      case .softmax, .logSoftmax, .sigmoid:
        if value == outputs[0] { outputs[0] = input }
        // Other outputs and other readers still get the probabilities.
        let readers = consumers()[value]
        guard readers.count <= 1, !outputs.dropFirst().contains(value) else { return }
        for reader in readers {
          for place in nodes[reader].inputs.indices where nodes[reader].inputs[place] == value {
            nodes[reader].inputs[place] = input
          }
        }
        value = input
      case .cast: value = input
      case let operation:
        guard operation.movement == .view else { return }
        value = input
      }
    }
  }

  /// Throws if a float constant is NaN or infinite: training would spread it to all weights.
  public func checkWeights() throws(GraphError) {
    for value in values {
      guard let constant = value.constant, constant.type == .float32 else { continue }
      guard constant.withElements(Float.self, { $0.allSatisfy { !$0.isNaN } }) else {
        throw GraphError(.notFinite, "constant '\(value.name)' holds a value that is no number; take another file")
      }
    }
  }

  private func lastLayer() throws(GraphError) -> LastLayer {
    let producers = producers()
    var value: ValueID? = outputs[0]
    var add: (index: Int, bias: OperatorInput)?
    while let id = value, let index = producers[id] {
      let node = nodes[index]
      switch node.operation {
      case .gemm(let gemm):
        return LastLayer(index: index, weight: try headWeight(index), classAxis: gemm.transB ? 0 : 1)
      case .matMul:
        let weight = try headWeight(index)
        return LastLayer(
          index: index, weight: weight, classAxis: 1, addIndex: add?.index, bias: add?.bias ?? Add.Input.b)
      case .conv(let conv):
        let weight = try headWeight(index)
        let extents = values[weight].constant?.shape.extents ?? []
        guard conv.group == 1, extents.dropFirst(2).allSatisfy({ $0 == 1 }) else {
          throw GraphError(.notConstant, "\(node.place) is the last layer with weights, but no 1×1 convolution").head
        }
        return LastLayer(index: index, weight: weight, classAxis: 0)
      case .add:
        let bias = [Add.Input.b, Add.Input.a].first { node[$0].flatMap { values[$0].constant } != nil }
        guard let bias, add == nil else {
          throw GraphError(.notConstant, "the output comes from \(node.place), which adds two branches").head
        }
        add = (index, bias)
        value = node[bias.index == Add.Input.a.index ? Add.Input.b : Add.Input.a]
      case .relu, .softmax, .logSoftmax, .sigmoid, .globalAveragePool, .globalMaxPool, .averagePool, .maxPool,
        .reduceMean, .reduceMax, .cast:
        value = node.firstInput
      case let operation where operation.movement == .view: value = node.firstInput
      default: throw GraphError(.notConstant, "\(node.place) stands between the output and any layer with weights").head
      }
    }
    throw GraphError(.notConstant, "no layer with weights leads to the output").head
  }

  private func headWeight(_ index: Int) throws(GraphError) -> ValueID {
    let node = nodes[index]
    // Conv, Gemm and MatMul have their weights at the same position.
    guard let id = node[Conv.Input.w], let weight = values[id].constant, weight.type == .float32,
      weight.shape.rank >= 2, weight.count > 0
    else {
      throw GraphError(.notConstant, "\(node.place) is the last layer, but its weights are no float32 constants").head
    }
    if case .conv = node.operation {
    } else if weight.shape.rank != 2 {
      throw GraphError(.notConstant, "\(node.place) is the last layer, but its weights \(weight.shape) are no matrix")
        .head
    }
    return id
  }

  private func features(of layer: LastLayer) throws(GraphError) -> Int {
    let extents = values[layer.weight].constant?.shape.extents ?? []
    return extents.count > 1 ? extents[1 - layer.classAxis] : 1
  }

  /// Replaces a constant for one node only: in place if no other node reads it, else as a new constant.
  private mutating func replaceConstant(_ index: Int, _ input: OperatorInput, _ tensor: Tensor, name: String) {
    if let id = nodes[index][input], values[id].constant != nil, readCounts()[id] == 1 {
      values[id].constant = tensor
      values[id].declaration = nil
    } else {
      nodes[index][input] = addFreshConstant(name, tensor)
    }
  }

  /// Nodes that the remaining output does not depend on: a Softmax after it, branches to other outputs.
  private mutating func dropUnused() {
    var wanted = [Bool](repeating: false, count: values.count)
    for id in outputs { wanted[id] = true }
    var dead = [Bool](repeating: false, count: nodes.count)
    for index in nodes.indices.reversed() {
      if nodes[index].outputs.contains(where: { $0.map { wanted[$0] } ?? false }) {
        for case let input? in nodes[index].inputs { wanted[input] = true }
      } else {
        dead[index] = true
      }
    }
    removeNodes(dead)
    compact()
  }

  /// Finds a Reshape to the old class count or a second reader of the old logits now, not in the first epoch.
  private func checkHead(classes: Int) throws(GraphError) {
    let facts: [Fact?]
    do { facts = try infer() } catch { throw GraphError(error.code, "with \(classes) classes: \(error.message)").head }
    guard let shape = facts[outputs[0]]?.shape, shape.rank == 2, shape[1] == classes else {
      let found = facts[outputs[0]]?.shape.description ?? "nothing"
      throw GraphError(.shapeMismatch, "a last layer for \(classes) classes makes the output \(found)").head
    }
  }
}

extension GraphError {
  /// The same error with the operation that failed.
  fileprivate var head: GraphError {
    GraphError(code, "the last layer cannot be replaced: \(message). Train from an architecture, or from another file.")
  }
}
