import ModelGraph
import TrainingKernels

/// Chooses the step that executes each node.
struct StepBuilder {
  private(set) var steps: [Step] = []
  private(set) var operands: OperandTable
  private let graph: Graph
  private let batch: Int
  private let threads: Int
  private let kernels: KernelTables
  private let facts: [Fact?]
  /// For another number of pictures.
  private let other: [Fact?]

  init(
    _ graph: Graph, other: [Fact?], inputShape: Shape, freezing: Freezing, threads: Int, kernels: KernelTables
  ) throws(GraphError) {
    self.graph = graph
    self.other = other
    self.threads = threads
    self.kernels = kernels
    batch = inputShape[0]
    facts = try graph.infer([inputShape])
    operands = try OperandTable(
      graph, inputShape: inputShape, freezing: freezing, panelWidth: Int(kernels.float.width))
  }

  /// The steps that lead to `output`, in order.
  mutating func build(input: Graph.ValueID, output: Graph.ValueID) throws(GraphError) -> (input: Slot, output: Slot) {
    guard let shape = facts[input]?.shape else { throw GraphError(.badInput, "the graph's input has no shape") }
    let first = slot(input, shape)
    operands.add(first, for: input)
    let joins = NodeJoins(graph, facts: facts, needed: nodesLeading(to: output), output: output)
    for index in graph.nodes.indices where joins.isStep(index) {
      do { try addStep(index, joins) } catch { throw error.at(graph.nodes[index].place) }
    }
    guard let last = operands.slot(output) else {
      throw .undefinedOutput(graph.values[output].name)
    }
    return (first, last)
  }

  private func slot(_ value: Graph.ValueID, _ shape: Shape) -> Slot {
    let other = other.indices.contains(value) ? other[value]?.shape : nil
    return Slot(name: graph.values[value].name, shape: shape, other: other, batch: batch)
  }

  private func nodesLeading(to output: Graph.ValueID) -> [Bool] {
    var wanted = [Bool](repeating: false, count: graph.values.count)
    var needed = [Bool](repeating: false, count: graph.nodes.count)
    wanted[output] = true
    for (index, node) in graph.nodes.enumerated().reversed() {
      if node.outputs.contains(where: { $0.map { wanted[$0] } ?? false }) {
        needed[index] = true
        for case let input? in node.inputs { wanted[input] = true }
      }
    }
    return needed
  }

  private mutating func addStep(_ index: Int, _ joins: NodeJoins) throws(GraphError) {
    let node = graph.nodes[index]
    guard let target = node.firstOutput, let fact = facts[target], fact.type == .float32 else {
      throw GraphError(.typeMismatch, "only float32 values can be trained through")
    }
    let output = slot(target, fact.shape)
    let step: Step
    if let chain = joins.normalizations[index] {
      step = try normalization(
        graph.nodes[chain.normalization], output, residual: chain.residual, rectifies: chain.rectifies)
    } else if let add = joins.adds[index] {
      let add = graph.nodes[add]
      step = AddStep(place: add.place, operands: try operands.operands(add), output: output, rectifies: true)
    } else if let x = joins.swishes[index] {
      step = ActivationStep(
        place: node.place, kind: Swish.name, operands: [try operands.operand(x)], output: output, function: TRAIN_SWISH,
        alpha: 1)
    } else {
      step = try self.step(node, output)
    }
    output.learns = StepBuilder.learns(step.operands)
    steps.append(step)
    operands.add(output, for: target)
  }

  /// Whether a parameter that learns is among the operands or upstream of them.
  private static func learns(_ operands: [Operand?]) -> Bool {
    operands.contains { $0?.parameter?.learns ?? $0?.slot?.learns ?? false }
  }

  private mutating func step(_ node: Graph.Node, _ output: Slot) throws(GraphError) -> Step {
    let place = node.place
    switch node.operation {
    case .conv(let conv):
      let operands = try self.operands.operands(node)
      guard let x = operands[0]?.slot, x.isBatched, let w = operands[1]?.parameter,
        operands.count < 3 || operands[2]?.slot == nil
      else { break }
      let geometry = try conv.geometry(x: x.shape, w: w.shape)
      switch w.layout {
      case .panels:
        return ConvolutionStep(
          place: place, operands: operands, output: output, geometry: geometry, kernels: kernels.float,
          bfloat16: kernels.bfloat16, threads: threads)
      case .depthwise:
        return DepthwiseStep(place: place, operands: operands, output: output, geometry: geometry)
      case .plain: break
      }
    case .batchNormalization:
      return try normalization(node, output, residual: nil, rectifies: false)
    case .relu: return try activation(node, output, TRAIN_RELU)
    case .leakyRelu(let function): return try activation(node, output, TRAIN_LEAKY_RELU, function.alpha)
    case .elu(let function): return try activation(node, output, TRAIN_ELU, function.alpha)
    case .sigmoid: return try activation(node, output, TRAIN_SIGMOID)
    case .hardSigmoid(let function):
      return try activation(node, output, TRAIN_HARD_SIGMOID, function.alpha, function.beta)
    case .hardSwish: return try activation(node, output, TRAIN_HARD_SWISH)
    case .swish(let function): return try activation(node, output, TRAIN_SWISH, function.alpha)
    case .clip:
      guard let (low, high) = node.clipBounds({ graph.values[$0].constant }) else { break }
      return try activation(node, output, TRAIN_CLIP, low, high)
    case .maxPool(let pool):
      let operands = try self.operands.operands(node)
      guard let x = operands[0]?.slot, x.isBatched, x.isChannelsLast, node.outputs.dropFirst().allSatisfy({ $0 == nil })
      else {
        break
      }
      let plane = try pool.window.plane(over: x.shape, kernel: pool.window.kernel, of: "MaxPool")
      guard plane.isFlat, plane.taps < UInt16.max else { break }
      return MaxPoolStep(place: place, operands: operands, output: output, plane: plane)
    case .globalAveragePool, .globalMaxPool:
      let operands = try self.operands.operands(node)
      guard operands[0]?.slot?.isBatched ?? false else { break }
      if case .globalMaxPool = node.operation {
        return GlobalMaxPoolStep(place: place, operands: operands, output: output)
      }
      return GlobalAveragePoolStep(place: place, operands: operands, output: output)
    case .reduceMean, .reduceMax:
      let operands = try self.operands.operands(node)
      if let x = operands[0]?.slot, x.isBatched, x.shape.rank == 4, output.shape.count == x.shape[0] * x.shape[1],
        output.shape[0] == x.shape[0], output.shape[1] == x.shape[1]
      {
        if case .reduceMax = node.operation {
          return GlobalMaxPoolStep(place: place, operands: [operands[0]], output: output)
        }
        return GlobalAveragePoolStep(place: place, operands: [operands[0]], output: output)
      }
    case .add where NodeJoins.isPlainAdd(node, graph, facts):
      return AddStep(place: place, operands: try operands.operands(node), output: output, rectifies: false)
    case .mul:
      let operands = try self.operands.operands(node)
      if let step = MulStep(place: place, operands: operands, output: output) { return step }
    case .concat(let concat):
      let operands = try self.operands.operands(node)
      if try output.shape.axis(concat.axis, of: "Concat") == 1, output.isBatched,
        operands.allSatisfy({ $0?.slot?.isBatched ?? false })
      {
        return ConcatStep(place: place, operands: operands, output: output)
      }
    case .gemm(let gemm): if let step = try matrix(node, gemm, output) { return step }
    case .matMul:
      if let step = try matrix(node, Gemm(), output) { return step }
      return MatMulStep(
        place: place, operation: node.operation, operands: try operands.operands(node), output: output)
    case .dropout:
      let ratio = operands.number(node, Dropout.Input.ratio) ?? 0.5
      guard ratio >= 0, ratio < 1 else { throw GraphError(.badInput, "a ratio of \(ratio); it must be in 0 ..< 1") }
      return DropoutStep(
        place: place, operands: [try operands.operand(node.firstInput)], output: output, ratio: ratio,
        salt: UInt64(steps.count + 1))
    case let operation where operation.movement == .view:
      let operand = try operands.operand(node.firstInput)
      if let x = operand?.slot, let step = reshaping(node, operand, x, output) { return step }
    default: break
    }
    let operands = try self.operands.operands(node)
    guard node.operation.differentiability.isPossible || !StepBuilder.learns(operands) else {
      throw node.operation.noGradient
    }
    return PlainStep(place: place, operation: node.operation, operands: operands, output: output)
  }

  private mutating func activation(
    _ node: Graph.Node, _ output: Slot, _ function: train_activation, _ alpha: Float = 0, _ beta: Float = 0
  ) throws(GraphError) -> Step {
    ActivationStep(
      place: node.place, kind: node.operation.name, operands: [try operands.operand(node.firstInput)], output: output,
      function: function, alpha: alpha, beta: beta)
  }

  private mutating func normalization(
    _ node: Graph.Node, _ output: Slot, residual: Graph.ValueID?, rectifies: Bool
  ) throws(GraphError) -> Step {
    guard case .batchNormalization(let definition) = node.operation else {
      throw GraphError(.unknownOperator, "not a normalisation").at(node.place)
    }
    guard !definition.isPerElement else {
      throw GraphError(.badAttribute, "spatial is 0, which cannot be trained").at(node.place)
    }
    var operands = try Array(self.operands.operands(node)[0..<3])
    if let residual { operands.append(try self.operands.operand(residual)) }
    guard let x = operands[0]?.slot, x.batchAxis ?? 0 == 0, operands[1]?.parameter != nil,
      operands[2]?.parameter != nil,
      let mean = self.operands.statistic(node[BatchNormalization.Input.mean]),
      let variance = self.operands.statistic(node[BatchNormalization.Input.variance])
    else { throw GraphError(.notConstant, "scale, bias, mean and variance must be constants").at(node.place) }
    return NormalizationStep(
      place: node.place, operands: operands, output: output, epsilon: definition.epsilon,
      momentum: definition.momentum, rectifies: rectifies, mean: mean, variance: variance, bfloat16: kernels.bfloat16)
  }

  /// MatMul is a Gemm with default attributes.
  private mutating func matrix(_ node: Graph.Node, _ gemm: Gemm, _ output: Slot) throws(GraphError) -> Step? {
    let operands = try self.operands.operands(node)
    guard let x = operands[0]?.slot, let w = operands[1]?.parameter, x.shape.rank == 2, x.batchAxis ?? 0 == 0,
      w.shape.rank == 2,
      w.layout == .plain, !gemm.transA
    else { return nil }
    if operands.count > 2, let c = operands[2] {
      guard let bias = c.parameter, bias.shape.count == output.shape[1], bias.shape.extents.last == output.shape[1]
      else { return nil }
    }
    return MatrixStep(
      place: node.place, kind: node.operation.name, operands: operands, output: output, transposesWeights: gemm.transB,
      alpha: gemm.alpha, beta: gemm.beta)
  }

  /// A view or a copy to ONNX's order; nil if the picture axis or the order of elements changes in another way.
  private func reshaping(_ node: Graph.Node, _ operand: Operand?, _ x: Slot, _ output: Slot) -> Step? {
    guard (x.batchAxis == nil) == (output.batchAxis == nil) else { return nil }
    if x.shape == output.shape || (x.isInOrder && output.isInOrder) {
      return ViewStep(place: node.place, kind: "View", operands: [operand], output: output)
    }
    if output.isInOrder, x.isBatched {
      return FlattenStep(place: node.place, kind: "Flatten", operands: [operand], output: output)
    }
    return nil
  }
}

extension Slot {
  /// Whether the memory is in ONNX's order, although the layout may be channels-last.
  fileprivate var isInOrder: Bool { !isChannelsLast || pixels == 1 || channels == 1 }
}
