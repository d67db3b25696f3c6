import Kernels
import ModelGraph
import TrainingKernels

/// Chooses how each node is executed, and joins nodes that are cheaper together.
struct StepBuilder {
  let graph: Graph
  let batch: Int
  let threads: Int
  let kernels: train_kernels
  let bfloat16: train_bf16_kernels?
  private let freezing: Freezing
  private let groups: LayerGroups
  private let facts: [Fact?]
  private let consumers: [[Int]]
  private(set) var steps: [Step] = []
  private(set) var parameters: [Parameter] = []
  private var slots: [Graph.ValueID: Slot] = [:]
  private var parameterOf: [Graph.ValueID: Parameter] = [:]
  private var statisticOf: [Graph.ValueID: RunningStatistic] = [:]
  /// Nodes that are part of a later node's step, and the normalisation whose step a node finishes.
  private var absorbed: Set<Int> = []
  private var joined: [Int: Joined] = [:]

  /// BatchNormalization → Add → Relu, of which Add or Relu may be missing.
  private struct Joined {
    var normalization: Int
    var residual: Graph.ValueID?
    var rectifies: Bool
  }

  init(
    _ graph: Graph, inputShape: Shape, freezing: Freezing, threads: Int, kernels: train_kernels,
    bfloat16: train_bf16_kernels?
  ) throws(GraphError) {
    self.freezing = freezing
    groups = try LayerGroups(graph, inputShape: inputShape)
    self.graph = graph
    self.threads = threads
    self.kernels = kernels
    self.bfloat16 = bfloat16
    batch = inputShape[0]
    facts = try graph.infer([inputShape])
    consumers = graph.consumers()
  }

  /// The steps that lead to `output`, in order.
  mutating func build(input: Graph.ValueID, output: Graph.ValueID) throws(GraphError) -> (input: Slot, output: Slot) {
    guard let shape = facts[input]?.shape else { throw GraphError(.badInput, "the graph's input has no shape") }
    let first = Slot(name: graph.values[input].name, shape: shape, batch: batch)
    slots[input] = first
    let needed = nodesLeading(to: output)
    joinNormalizations(needed, output)
    for index in graph.nodes.indices where needed.contains(index) && !absorbed.contains(index) {
      do { try addStep(index) } catch { throw error.at(graph.nodes[index].place) }
    }
    guard let last = slots[output] else {
      throw GraphError(.noOutput, "output '\(graph.values[output].name)' is produced by no node")
    }
    return (first, last)
  }

  private func nodesLeading(to output: Graph.ValueID) -> Set<Int> {
    var wanted: Set<Graph.ValueID> = [output]
    var needed: Set<Int> = []
    for (index, node) in graph.nodes.enumerated().reversed() {
      if node.outputs.contains(where: { $0.map { wanted.contains($0) } ?? false }) {
        needed.insert(index)
        for case let input? in node.inputs { wanted.insert(input) }
      }
    }
    return needed
  }

  // MARK: Joining

  private mutating func joinNormalizations(_ needed: Set<Int>, _ output: Graph.ValueID) {
    /// The only node that reads the value.
    func reader(of value: Graph.ValueID?) -> Int? {
      guard let value, value != output else { return nil }
      let readers = consumers[value].filter { needed.contains($0) }
      return readers.count == 1 ? readers[0] : nil
    }
    // From the end, so that of two normalisations that meet in an Add the later one takes it.
    for index in graph.nodes.indices.reversed() where needed.contains(index) {
      let node = graph.nodes[index]
      guard case .batchNormalization = node.operation, let y = node.outputs.first else { continue }
      var end = index
      var found = Joined(normalization: index, residual: nil, rectifies: false)
      if let next = reader(of: y), case .add = graph.nodes[next].operation, !absorbed.contains(next),
        joined[next] == nil, let other = graph.nodes[next].inputs.first(where: { $0 != y }) ?? nil,
        graph.values[other].constant == nil, let y, facts[other]?.shape == facts[y]?.shape
      {
        found.residual = other
        end = next
      }
      if let next = reader(of: graph.nodes[end].outputs.first ?? nil), case .relu = graph.nodes[next].operation {
        if end != index { absorbed.insert(end) }
        found.rectifies = true
        end = next
      }
      if end == index { continue }
      absorbed.insert(index)
      joined[end] = found
    }
    // An Add with the Relu that follows.
    for index in graph.nodes.indices where needed.contains(index) && !absorbed.contains(index) && joined[index] == nil {
      guard case .relu = graph.nodes[index].operation, let x = graph.nodes[index].inputs.first ?? nil,
        let maker = graph.nodes.firstIndex(where: { $0.outputs.contains(x) }), case .add = graph.nodes[maker].operation,
        !absorbed.contains(maker), joined[maker] == nil, reader(of: x) == index, isPlainAdd(graph.nodes[maker])
      else { continue }
      absorbed.insert(maker)
      addBefore[index] = maker
    }
  }

  private var addBefore: [Int: Int] = [:]

  private func isPlainAdd(_ node: Graph.Node) -> Bool {
    guard case .add = node.operation, node.inputs.count == 2, let a = node.inputs[0], let b = node.inputs[1] else {
      return false
    }
    return graph.values[a].constant == nil && graph.values[b].constant == nil && facts[a]?.shape == facts[b]?.shape
  }

  // MARK: Steps

  private mutating func addStep(_ index: Int) throws(GraphError) {
    let node = graph.nodes[index]
    guard let target = node.outputs.first ?? nil, let fact = facts[target], fact.type == .float32 else {
      throw GraphError(.typeMismatch, "only float32 values can be trained through")
    }
    let output = Slot(name: graph.values[target].name, shape: fact.shape, batch: batch)
    let step: Step
    if let joined = joined[index] {
      step = try normalization(graph.nodes[joined.normalization], output, joined)
    } else if let maker = addBefore[index] {
      let add = graph.nodes[maker]
      step = AddStep(place: add.place, operands: try operands(add), output: output, rectifies: true)
    } else {
      step = try self.step(node, output)
    }
    steps.append(step)
    slots[target] = output
  }

  private mutating func step(_ node: Graph.Node, _ output: Slot) throws(GraphError) -> Step {
    let place = node.place
    switch node.operation {
    case .conv(let conv):
      let operands = try operands(node)
      guard let x = operands[0]?.slot, let w = operands[1]?.parameter, operands.count < 3 || operands[2]?.slot == nil
      else { break }
      let geometry = try conv.geometry(x: x.shape, w: w.shape)
      switch w.layout {
      case .panels:
        return ConvolutionStep(
          place: place, operands: operands, output: output, geometry: geometry, kernels: kernels, bfloat16: bfloat16,
          threads: threads)
      case .depthwise:
        return DepthwiseStep(place: place, operands: operands, output: output, geometry: geometry)
      case .plain: break
      }
    case .batchNormalization:
      return try normalization(
        node, output, Joined(normalization: 0, residual: nil, rectifies: false))
    case .relu: return try activation(node, output, TRAIN_RELU)
    case .leakyRelu(let function): return try activation(node, output, TRAIN_LEAKY_RELU, function.alpha)
    case .sigmoid: return try activation(node, output, TRAIN_SIGMOID)
    case .hardSigmoid(let function):
      return try activation(node, output, TRAIN_HARD_SIGMOID, function.alpha, function.beta)
    case .hardSwish: return try activation(node, output, TRAIN_HARD_SWISH)
    case .clip:
      let (low, high) = (bound(node, 1), bound(node, 2))
      return try activation(
        node, output, TRAIN_CLIP, low ?? -Float.greatestFiniteMagnitude, high ?? Float.greatestFiniteMagnitude)
    case .maxPool(let pool):
      let operands = try operands(node)
      guard let x = operands[0]?.slot, x.isChannelsLast, node.outputs.dropFirst().allSatisfy({ $0 == nil }) else {
        break
      }
      let plane = try pool.window.plane(over: x.shape, kernel: pool.window.kernel, of: "MaxPool")
      guard plane.height.kernel * plane.width.kernel < UInt16.max else { break }
      return MaxPoolStep(place: place, operands: operands, output: output, plane: plane)
    case .globalAveragePool:
      return GlobalAveragePoolStep(place: place, operands: try operands(node), output: output)
    case .globalMaxPool: return GlobalMaxPoolStep(place: place, operands: try operands(node), output: output)
    case .reduceMean, .reduceMax:
      let operands = try operands(node)
      if let x = operands[0]?.slot, x.shape.rank == 4, output.shape.count == x.shape[0] * x.shape[1],
        output.shape[0] == x.shape[0], output.shape[1] == x.shape[1]
      {
        if case .reduceMax = node.operation {
          return GlobalMaxPoolStep(place: place, operands: [operands[0]], output: output)
        }
        return GlobalAveragePoolStep(place: place, operands: [operands[0]], output: output)
      }
    case .add where isPlainAdd(node):
      return AddStep(place: place, operands: try operands(node), output: output, rectifies: false)
    case .concat(let concat):
      let operands = try operands(node)
      if try output.shape.axis(concat.axis, of: "Concat") == 1, operands.allSatisfy({ $0?.slot != nil }) {
        return ConcatStep(place: place, operands: operands, output: output)
      }
    case .gemm(let gemm): if let step = try matrix(node, gemm, output) { return step }
    case .matMul: if let step = try matrix(node, Gemm(), output) { return step }
    case .dropout:
      let ratio = node.inputs.count > 1 ? bound(node, 1) ?? 0.5 : 0.5
      guard ratio >= 0, ratio < 1 else { throw GraphError(.badInput, "a ratio of \(ratio); it must be in 0 ..< 1") }
      return DropoutStep(
        place: place, operands: [try operand(node.inputs[0])], output: output, ratio: ratio,
        salt: UInt64(steps.count + 1))
    case .identity, .flatten, .reshape, .squeeze, .unsqueeze:
      let operand = try operand(node.inputs[0])
      if let x = operand?.slot, let step = reshaping(node, operand, x, output) { return step }
    default: break
    }
    let operands = try operands(node)
    let learns = operands.contains { $0?.parameter?.learns ?? $0?.slot.map { slotLearns($0) } ?? false }
    guard node.operation.differentiability.isPossible || !learns else { throw node.operation.noGradient }
    return PlainStep(place: place, operation: node.operation, operands: operands, output: output)
  }

  /// Whether a parameter lies upstream of a slot made so far.
  private func slotLearns(_ slot: Slot) -> Bool {
    for step in steps where step.output === slot {
      return step.operands.contains { $0?.parameter?.learns ?? $0?.slot.map { slotLearns($0) } ?? false }
    }
    return false
  }

  private mutating func activation(
    _ node: Graph.Node, _ output: Slot, _ function: train_activation, _ alpha: Float = 0, _ beta: Float = 0
  ) throws(GraphError) -> Step {
    ActivationStep(
      place: node.place, kind: node.operation.name, operands: [try operand(node.inputs[0])], output: output,
      function: function, alpha: alpha, beta: beta)
  }

  private mutating func normalization(
    _ node: Graph.Node, _ output: Slot, _ joined: Joined
  ) throws(GraphError) -> Step {
    var operands = try Array(self.operands(node)[0..<3])
    if let residual = joined.residual { operands.append(try operand(residual)) }
    guard operands[0]?.slot != nil, operands[1]?.parameter != nil, operands[2]?.parameter != nil,
      let mean = statistic(node.inputs[3]), let variance = statistic(node.inputs[4])
    else { throw GraphError(.notConstant, "scale, bias, mean and variance must be constants").at(node.place) }
    guard case .batchNormalization(let definition) = node.operation else {
      throw GraphError(.unknownOperator, "not a normalisation").at(node.place)
    }
    return NormalizationStep(
      place: node.place, operands: operands, output: output, epsilon: definition.epsilon,
      momentum: definition.momentum, rectifies: joined.rectifies, mean: mean, variance: variance, bfloat16: bfloat16)
  }

  private mutating func statistic(_ value: Graph.ValueID?) -> RunningStatistic? {
    guard let value, let tensor = graph.values[value].constant, tensor.type == .float32 else { return nil }
    if let known = statisticOf[value] { return known }
    let statistic = RunningStatistic(name: graph.values[value].name, value: value, numbers: tensor.array())
    statisticOf[value] = statistic
    return statistic
  }

  /// MatMul is a Gemm of default attributes.
  private mutating func matrix(_ node: Graph.Node, _ gemm: Gemm, _ output: Slot) throws(GraphError) -> Step? {
    let operands = try operands(node)
    guard let x = operands[0]?.slot, let w = operands[1]?.parameter, x.shape.rank == 2, w.shape.rank == 2,
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

  /// A view or a flattening, where the picture axis stays and the order of elements allows it.
  private func reshaping(_ node: Graph.Node, _ operand: Operand?, _ x: Slot, _ output: Slot) -> Step? {
    guard x.isBatched == output.isBatched else { return nil }
    if x.shape == output.shape || (x.isInOrder && output.isInOrder) {
      return ViewStep(place: node.place, kind: "View", operands: [operand], output: output)
    }
    if output.isInOrder, x.isBatched {
      return FlattenStep(place: node.place, kind: "Flatten", operands: [operand], output: output)
    }
    return nil
  }

  // MARK: Operands

  private func bound(_ node: Graph.Node, _ index: Int) -> Float? {
    guard index < node.inputs.count, let value = node.inputs[index],
      let number = graph.values[value].constant?.doubles.first
    else { return nil }
    return Float(number)
  }

  private mutating func operands(_ node: Graph.Node) throws(GraphError) -> [Operand?] {
    var operands: [Operand?] = []
    for input in node.inputs { operands.append(try operand(input)) }
    return operands
  }

  private mutating func operand(_ value: Graph.ValueID?) throws(GraphError) -> Operand? {
    guard let value else { return nil }
    if let slot = slots[value] { return .slot(slot) }
    guard let constant = graph.values[value].constant else {
      throw GraphError(.undefinedValue, "input '\(graph.values[value].name)' is produced by no earlier node")
    }
    guard let use = uses(of: value) else { return .constant(constant) }
    if let parameter = parameterOf[value] { return .parameter(parameter) }
    let parameter = Parameter(
      name: graph.values[value].name, value: value, shape: constant.shape, layout: use.layout, decays: use.decays,
      group: use.group, learns: use.learns)
    parameterOf[value] = parameter
    parameters.append(parameter)
    return .parameter(parameter)
  }

  /// What a float constant is to the nodes that read it; nil: nothing that learns.
  private func uses(of value: Graph.ValueID) -> (layout: Parameter.Layout, decays: Bool, group: Int, learns: Bool)? {
    guard let constant = graph.values[value].constant, constant.type == .float32 else { return nil }
    var layouts: [Parameter.Layout] = []
    var (learns, decays, normalizes) = (false, false, false)
    for reader in consumers[value] {
      let node = graph.nodes[reader]
      for (index, input) in node.inputs.enumerated() where input == value {
        var layout = Parameter.Layout.plain
        switch (node.operation, index) {
        case (.conv(let conv), 1) where constant.shape.rank >= 3:
          let isDepthwise = conv.group > 1 && conv.group == constant.shape[0] && constant.shape[1] == 1
          layout = isDepthwise ? .depthwise : .panels(group: conv.group, width: Int(kernels.width))
          (learns, decays) = (true, true)
        case (.gemm, 1), (.matMul, 0), (.matMul, 1): (learns, decays) = (true, true)
        case (.batchNormalization, 1), (.batchNormalization, 2): (learns, normalizes) = (true, true)
        case (.conv, 2), (.gemm, 2): learns = true
        default: break
        }
        layouts.append(layout)
      }
    }
    guard learns, let first = layouts.first else { return nil }
    let group = consumers[value].map { groups.groups[$0] }.max() ?? LayerGroups.head
    let isFree = group >= freezing.groups || normalizes && freezing.normalizationsLearn
    return (layouts.allSatisfy { $0 == first } ? first : .plain, decays, group, isFree)
  }
}

extension Slot {
  /// Whether the memory's order is ONNX's, channels-last or not.
  fileprivate var isInOrder: Bool { !isChannelsLast || pixels == 1 || channels == 1 }
}
