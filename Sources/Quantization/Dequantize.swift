import ModelGraph

extension Graph {
  /// Whether the graph contains quantised operators.
  public var isQuantized: Bool { nodes.contains { PreparedModel.isQuantized($0.operation) } }

  /// The float model that a quantised model represents: weights and biases are dequantised, and the rounding of
  /// activations is dropped.
  ///
  /// A quantised value's range is preserved: if the lowest integer means 0 and no earlier operator ensures that,
  /// quantization has absorbed a Relu (or a Clip, if the highest means 6), which is restored. Throws E211 for dynamic
  /// quantization and for scales that are not constant.
  public func dequantized() throws(GraphError) -> Graph {
    var rewriting = Dequantization(self)
    return try rewriting.run()
  }
}

private struct Dequantization {
  private var graph: Graph
  private var nodes: [Graph.Node] = []
  /// The float value that replaces a quantised value.
  private var real: [Graph.ValueID: Graph.ValueID] = [:]
  /// The value that replaces a DequantizeLinear's output.
  private var alias: [Graph.ValueID: Graph.ValueID] = [:]
  /// Float values that cannot be negative.
  private var nonNegative: Set<Graph.ValueID> = []

  init(_ graph: Graph) { self.graph = graph }

  mutating func run() throws(GraphError) -> Graph {
    let source = graph.nodes
    graph.nodes = []
    for node in source {
      do { try rewrite(node) } catch { throw error.at(node.place) }
    }
    for (index, output) in graph.outputs.enumerated() {
      guard real[output] == nil else {
        throw GraphError(.notConstant, "output '\(graph.values[output].name)' is quantised; it must be float")
      }
      guard let known = alias[output] else { continue }
      let name = graph.values[output].name
      graph.values[output].name = graph.freshName("\(name)_quantized")
      graph.values[known].name = name
      graph.outputs[index] = known
    }
    graph.nodes = nodes
    graph.compact()
    return graph
  }

  private mutating func rewrite(_ original: Graph.Node) throws(GraphError) {
    var node = original
    for index in node.inputs.indices {
      if let id = node.inputs[index], let known = alias[id] { node.inputs[index] = known }
    }
    switch node.operation {
    case .quantizeLinear:
      typealias Input = QuantizeLinear.Input
      let x = try input(node, Input.x)
      if graph.values[x].constant != nil {
        let result = try node.operation.evaluate(node.inputs.map { $0.flatMap { graph.values[$0].constant } })
        graph.values[try output(node)].constant = result.first
      } else {
        real[try output(node)] = try bounded(x, node, scale: Input.scale, zero: Input.zeroPoint)
      }
    case .dequantizeLinear:
      typealias Input = DequantizeLinear.Input
      let x = try input(node, Input.x)
      if let known = real[x] {
        alias[try output(node)] = known
      } else if graph.values[x].constant != nil {
        let result = try node.operation.evaluate(node.inputs.map { $0.flatMap { graph.values[$0].constant } })
        graph.values[try output(node)].constant = result.first
      } else {
        throw GraphError(.notConstant, "its input does not come from a QuantizeLinear")
      }
    case .qLinearConv(let conv):
      typealias Input = QLinearConv.Input
      let (xScale, wScale) = (try number(node, Input.xScale), try constant(node, Input.wScale))
      let w = try dequantized(node, Input.w, scale: Input.wScale, zero: Input.wZeroPoint, axis: 0)
      let x = try realInput(node, Input.x, Input.xScale, Input.xZeroPoint)
      var inputs: [Graph.ValueID?] = [x, add("weight", node, w)]
      if let bias = node[Input.b] {
        let scales = wScale.array(of: Float.self)
        inputs.append(add("bias", node, try bias32(bias, scales.map { $0 * xScale })))
      }
      try emit(.conv(Conv(conv.window, group: conv.group)), node, inputs, scale: Input.yScale, zero: Input.yZeroPoint)
    case .qGemm(let gemm):
      typealias Input = QGemm.Input
      let (aScale, bScale) = (try number(node, Input.aScale), try constant(node, Input.bScale))
      let b = try dequantized(node, Input.b, scale: Input.bScale, zero: Input.bZeroPoint, axis: gemm.transB ? 0 : 1)
      let a = try realInput(node, Input.a, Input.aScale, Input.aZeroPoint)
      var inputs: [Graph.ValueID?] = [a, add("weight", node, b)]
      if let bias = node[Input.c] {
        let scales = bScale.array(of: Float.self).map { $0 * aScale * gemm.alpha }
        inputs.append(add("bias", node, try bias32(bias, scales)))
      }
      let operation = Operator.gemm(Gemm(alpha: gemm.alpha, transA: gemm.transA, transB: gemm.transB))
      try emit(operation, node, inputs, scale: Input.yScale, zero: Input.yZeroPoint)
    case .qLinearMatMul:
      typealias Input = QLinearMatMul.Input
      let b = try dequantized(node, Input.b, scale: Input.bScale, zero: Input.bZeroPoint, axis: 1)
      let a = try realInput(node, Input.a, Input.aScale, Input.aZeroPoint)
      try emit(.matMul(MatMul()), node, [a, add("weight", node, b)], scale: Input.yScale, zero: Input.yZeroPoint)
    case .qLinearAdd:
      typealias Input = QLinearAdd.Input
      let a = try realInput(node, Input.a, Input.aScale, Input.aZeroPoint)
      let b = try realInput(node, Input.b, Input.bScale, Input.bZeroPoint)
      try emit(.add(Add()), node, [a, b], scale: Input.cScale, zero: Input.cZeroPoint)
    case .qLinearMul:
      typealias Input = QLinearMul.Input
      let a = try realInput(node, Input.a, Input.aScale, Input.aZeroPoint)
      let b = try realInput(node, Input.b, Input.bScale, Input.bZeroPoint)
      try emit(.mul(Mul()), node, [a, b], scale: Input.cScale, zero: Input.cZeroPoint)
    case .qLinearConcat(let concat):
      typealias Input = QLinearConcat.Input
      var inputs: [Graph.ValueID?] = []
      for part in Input.parts(of: node.inputs.count) {
        inputs.append(try realInput(node, part.x, part.scale, part.zeroPoint))
      }
      try emit(.concat(Concat(axis: concat.axis)), node, inputs, scale: Input.yScale, zero: Input.yZeroPoint)
    case .qLinearAveragePool(let pool) where !pool.channelsLast:
      typealias Input = QLinearAveragePool.Input
      let operation = Operator.averagePool(AveragePool(pool.window, countsPadding: pool.countIncludePad))
      let x = try realInput(node, Input.x, Input.xScale, Input.xZeroPoint)
      try emit(operation, node, [x], scale: Input.yScale, zero: Input.yZeroPoint)
    case .qLinearGlobalAveragePool(let pool) where !pool.channelsLast:
      typealias Input = QLinearGlobalAveragePool.Input
      let x = try realInput(node, Input.x, Input.xScale, Input.xZeroPoint)
      try emit(.globalAveragePool(GlobalAveragePool()), node, [x], scale: Input.yScale, zero: Input.yZeroPoint)
    case .qLinearSigmoid:
      typealias Input = QLinearSigmoid.Input
      let x = try realInput(node, Input.x, Input.xScale, Input.xZeroPoint)
      try emit(.sigmoid(Sigmoid()), node, [x], scale: Input.yScale, zero: Input.yZeroPoint)
    case .convInteger, .matMulInteger, .dynamicQuantizeLinear, .qLinearAveragePool, .qLinearGlobalAveragePool:
      throw GraphError(.notConstant, "\(node.operation.name) cannot be turned back into float here")
    case .maxPool, .reshape, .flatten, .transpose, .squeeze, .unsqueeze, .identity, .slice, .gather:
      // These operators only move elements, so they are the same on floats.
      if let x = node.firstInput, let known = real[x] {
        let y = try output(node)
        node.inputs[0] = known
        node.outputs = [graph.addValue(graph.freshName("\(graph.values[y].name)_real"))]
        keep(node)
        real[y] = node.outputs[0]
      } else {
        keep(node)
      }
    default:
      if let x = node.inputs.compactMap({ $0 }).first(where: { real[$0] != nil }) {
        throw GraphError(.notConstant, "reads the quantised '\(graph.values[x].name)', and has no float form here")
      }
      keep(node)
    }
  }

  // MARK: Writing

  /// Adds a float node in place of an integer one; its output is the dequantised result.
  private mutating func emit(
    _ operation: Operator, _ node: Graph.Node, _ inputs: [Graph.ValueID?], scale: OperatorInput,
    zero: OperatorInput
  ) throws(GraphError) {
    let y = try output(node)
    let result = graph.addValue(graph.freshName("\(graph.values[y].name)_real"))
    keep(Graph.Node(node.name, operation, inputs: inputs, outputs: [result]))
    if node[scale] != nil {
      real[y] = try bounded(result, node, scale: scale, zero: zero)
    } else {
      alias[y] = result  // a QGemm whose result is float
    }
  }

  private mutating func keep(_ node: Graph.Node) {
    nodes.append(node)
    let inputs = node.inputs.compactMap { $0 }.filter { graph.values[$0].constant == nil }
    let isNonNegative: Bool
    switch node.operation {
    case .relu, .sigmoid, .hardSigmoid, .softmax: isNonNegative = true
    case .clip: isNonNegative = (node[Clip.Input.min].flatMap { graph.values[$0].constant?.doubles.first } ?? -1) >= 0
    case .maxPool, .averagePool, .globalAveragePool, .globalMaxPool, .reduceMean, .reduceMax, .reshape, .flatten,
      .transpose, .squeeze, .unsqueeze, .identity, .slice, .gather, .concat, .add, .mul, .dropout:
      isNonNegative =
        inputs.allSatisfy { nonNegative.contains($0) } && inputs.count == node.inputs.count
        || inputs.first.map { nonNegative.contains($0) } ?? false && inputs.count == 1 && !node.operation.isArithmetic
    default: isNonNegative = false
    }
    if isNonNegative, let y = node.firstOutput { nonNegative.insert(y) }
  }

  /// A float value clipped to the range of its quantization.
  private mutating func bounded(
    _ x: Graph.ValueID, _ node: Graph.Node, scale: OperatorInput, zero: OperatorInput
  ) throws(GraphError) -> Graph.ValueID {
    guard !nonNegative.contains(x) else { return x }
    let step = try constant(node, scale)
    guard step.count == 1, let size = step.array(of: Float.self).first else { return x }
    // Without a zero point: uint8, 0.
    let point = node[zero].flatMap { graph.values[$0].constant }
    let lowest = point?.type == .int8 ? -128 : 0
    guard (point?.ints?.first ?? 0) == lowest else { return x }
    let name = "\(graph.values[x].name)_cut"
    let y = graph.addValue(graph.freshName(name))
    let most = size * 255
    if abs(most - 6) < 6e-3 {
      let bounds = [
        graph.addFreshConstant("\(name)_low", try Tensor(scalar: Float(0))),
        graph.addFreshConstant("\(name)_high", try Tensor(scalar: Float(6))),
      ]
      keep(Graph.Node(name, .clip(Clip()), inputs: [x] + bounds, outputs: [y]))
    } else {
      keep(Graph.Node(name, .relu(Relu()), inputs: [x], outputs: [y]))
    }
    return y
  }

  // MARK: Reading

  private func input(_ node: Graph.Node, _ input: OperatorInput) throws(GraphError) -> Graph.ValueID {
    guard let id = node[input] else { throw GraphError(.wrongArity, "input '\(input.name)' is missing") }
    return id
  }

  private func output(_ node: Graph.Node) throws(GraphError) -> Graph.ValueID {
    guard let id = node.firstOutput else { throw GraphError(.wrongArity, "has no output") }
    return id
  }

  private func constant(_ node: Graph.Node, _ input: OperatorInput) throws(GraphError) -> Tensor {
    let id = try self.input(node, input)
    guard let tensor = graph.values[id].constant else {
      throw GraphError(.notConstant, "input '\(graph.values[id].name)' is not a constant")
    }
    return tensor
  }

  private func number(_ node: Graph.Node, _ input: OperatorInput) throws(GraphError) -> Float {
    guard let number = try constant(node, input).array(of: Float.self).first else {
      throw GraphError(.badInput, "input '\(input.name)' is empty")
    }
    return number
  }

  /// The float value of a quantised activation, or of a quantised constant.
  private mutating func realInput(
    _ node: Graph.Node, _ input: OperatorInput, _ scale: OperatorInput, _ zero: OperatorInput
  ) throws(GraphError) -> Graph.ValueID {
    let x = try self.input(node, input)
    if let known = real[x] { return known }
    guard graph.values[x].constant != nil else {
      throw GraphError(.notConstant, "'\(graph.values[x].name)' does not come from a quantised layer")
    }
    return add("\(graph.values[x].name)_real", node, try dequantized(node, input, scale: scale, zero: zero, axis: 0))
  }

  /// A constant's dequantised values; several scales apply along `axis`.
  private func dequantized(
    _ node: Graph.Node, _ input: OperatorInput, scale: OperatorInput, zero: OperatorInput, axis: Int
  ) throws(GraphError) -> Tensor {
    let scales = try constant(node, scale)
    // A single scale must be a scalar: a vector of one element would apply along the axis.
    let shape: Shape = scales.count == 1 ? [] : [scales.count]
    var inputs: [Tensor?] = [try constant(node, input), try scales.reshaped(shape)]
    if let point = node[zero].flatMap({ graph.values[$0].constant }) {
      inputs.append(try point.count == 1 ? spread(point, shape) : point.reshaped([point.count]))
    }
    let operation = Operator.dequantizeLinear(DequantizeLinear(QuantizationGranularity(axis: axis)))
    guard let result = try operation.evaluate(inputs).first else { throw GraphError(.badInput, "nothing dequantised") }
    return result
  }

  private func spread(_ point: Tensor, _ shape: Shape) throws(GraphError) -> Tensor {
    if shape.rank == 0 { return try point.reshaped([]) }
    let value = point.ints?.first ?? 0
    return point.type == .int8
      ? try Tensor(shape, [Int8](repeating: Int8(clamping: value), count: shape.count))
      : try Tensor(shape, [UInt8](repeating: UInt8(clamping: value), count: shape.count))
  }

  private func bias32(_ id: Graph.ValueID, _ scales: [Float]) throws(GraphError) -> Tensor {
    guard let bias = graph.values[id].constant, let numbers = bias.ints, !scales.isEmpty else {
      throw GraphError(.notConstant, "its bias is not a constant")
    }
    return try Tensor(bias.shape, numbers.enumerated().map { Float($0.element) * scales[$0.offset % scales.count] })
  }

  private mutating func add(_ base: String, _ node: Graph.Node, _ tensor: Tensor) -> Graph.ValueID {
    graph.addFreshConstant(node.name.isEmpty ? base : "\(node.name).\(base)", tensor)
  }
}

extension Operator {
  fileprivate var isArithmetic: Bool {
    switch self {
    case .add, .mul: true
    default: false
    }
  }
}
