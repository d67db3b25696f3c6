import ModelGraph

extension Graph {
  /// Whether anything in it computes with integers for reals.
  public var isQuantized: Bool { nodes.contains { PreparedModel.isQuantized($0.operation) } }

  /// A quantised model as the float model it stands for: weights and biases become what their integers mean, and what
  /// rounds activations goes.
  ///
  /// What a quantised value's range says of it stays: where the lowest integer means 0 and nothing before makes sure of
  /// that, quantisation has swallowed a Relu (or, with 6 as the highest, a Clip), which is put back. Throws E211 for
  /// dynamic quantisation and where a scale is not known.
  public func dequantized() throws(GraphError) -> Graph {
    var rewriting = Dequantization(self)
    return try rewriting.run()
  }
}

private struct Dequantization {
  private var graph: Graph
  private var nodes: [Graph.Node] = []
  /// The float value that a quantised value stands for.
  private var real: [Graph.ValueID: Graph.ValueID] = [:]
  /// What is read instead of a DequantizeLinear's result.
  private var alias: [Graph.ValueID: Graph.ValueID] = [:]
  /// Float values that cannot be below zero.
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
        throw GraphError(.notConstant, "output '\(graph.values[output].name)' is quantised; a float one is wanted")
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
      let x = try input(node, 0)
      if graph.values[x].constant != nil {
        let result = try node.operation.evaluate(node.inputs.map { $0.flatMap { graph.values[$0].constant } })
        graph.values[try output(node)].constant = result.first
      } else {
        real[try output(node)] = try bounded(x, node, scale: 1, zero: 2)
      }
    case .dequantizeLinear:
      let x = try input(node, 0)
      if let known = real[x] {
        alias[try output(node)] = known
      } else if graph.values[x].constant != nil {
        let result = try node.operation.evaluate(node.inputs.map { $0.flatMap { graph.values[$0].constant } })
        graph.values[try output(node)].constant = result.first
      } else {
        throw GraphError(.notConstant, "its input comes from no QuantizeLinear")
      }
    case .qLinearConv(let conv):
      let (xScale, wScale) = (try number(node, 1), try constant(node, 4))
      let w = try dequantized(node, 3, scale: 4, zero: 5, axis: 0)
      var inputs: [Graph.ValueID?] = [try realInput(node, 0, 1, 2), add("weight", node, w)]
      if let bias = (node.inputs.count > 8 ? node.inputs[8] : nil) {
        let scales = wScale.array(of: Float.self)
        inputs.append(add("bias", node, try bias32(bias, scales.map { $0 * xScale })))
      }
      try emit(.conv(Conv(conv.window, group: conv.group)), node, inputs, scale: 6, zero: 7)
    case .qGemm(let gemm):
      let (aScale, bScale) = (try number(node, 1), try constant(node, 4))
      let b = try dequantized(node, 3, scale: 4, zero: 5, axis: gemm.transB ? 0 : 1)
      var inputs: [Graph.ValueID?] = [try realInput(node, 0, 1, 2), add("weight", node, b)]
      if let bias = (node.inputs.count > 6 ? node.inputs[6] : nil) {
        let scales = bScale.array(of: Float.self).map { $0 * aScale * gemm.alpha }
        inputs.append(add("bias", node, try bias32(bias, scales)))
      }
      let operation = Operator.gemm(Gemm(alpha: gemm.alpha, transA: gemm.transA, transB: gemm.transB))
      try emit(operation, node, inputs, scale: 7, zero: 8)
    case .qLinearMatMul:
      let b = try dequantized(node, 3, scale: 4, zero: 5, axis: 1)
      try emit(.matMul(MatMul()), node, [try realInput(node, 0, 1, 2), add("weight", node, b)], scale: 6, zero: 7)
    case .qLinearAdd:
      let inputs = [try realInput(node, 0, 1, 2), try realInput(node, 3, 4, 5)]
      try emit(.add(Add()), node, inputs, scale: 6, zero: 7)
    case .qLinearMul:
      let inputs = [try realInput(node, 0, 1, 2), try realInput(node, 3, 4, 5)]
      try emit(.mul(Mul()), node, inputs, scale: 6, zero: 7)
    case .qLinearConcat(let concat):
      var inputs: [Graph.ValueID?] = []
      for first in stride(from: 2, to: node.inputs.count, by: 3) {
        inputs.append(try realInput(node, first, first + 1, first + 2))
      }
      try emit(.concat(Concat(axis: concat.axis)), node, inputs, scale: 0, zero: 1)
    case .qLinearAveragePool(let pool) where !pool.channelsLast:
      let operation = Operator.averagePool(AveragePool(pool.window, countsPadding: pool.countIncludePad))
      try emit(operation, node, [try realInput(node, 0, 1, 2)], scale: 3, zero: 4)
    case .qLinearGlobalAveragePool(let pool) where !pool.channelsLast:
      try emit(.globalAveragePool(GlobalAveragePool()), node, [try realInput(node, 0, 1, 2)], scale: 3, zero: 4)
    case .qLinearSigmoid:
      try emit(.sigmoid(Sigmoid()), node, [try realInput(node, 0, 1, 2)], scale: 3, zero: 4)
    case .convInteger, .matMulInteger, .dynamicQuantizeLinear, .qLinearAveragePool, .qLinearGlobalAveragePool:
      throw GraphError(.notConstant, "\(node.operation.name) cannot be turned back into float here")
    case .maxPool, .reshape, .flatten, .transpose, .squeeze, .unsqueeze, .identity, .slice, .gather:
      // These move numbers and leave them as they are: the same on the reals.
      if let x = node.inputs.first ?? nil, let known = real[x] {
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

  /// A float node in an integer one's place; its result is what the integer result stands for.
  private mutating func emit(
    _ operation: Operator, _ node: Graph.Node, _ inputs: [Graph.ValueID?], scale: Int, zero: Int
  ) throws(GraphError) {
    let y = try output(node)
    let result = graph.addValue(graph.freshName("\(graph.values[y].name)_real"))
    keep(Graph.Node(node.name, operation, inputs: inputs, outputs: [result]))
    if node.inputs.count > scale, node.inputs[scale] != nil {
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
    case .clip: isNonNegative = (node.inputs.count > 1 ? number(node.inputs[1]) ?? -1 : -1) >= 0
    case .maxPool, .averagePool, .globalAveragePool, .globalMaxPool, .reduceMean, .reduceMax, .reshape, .flatten,
      .transpose, .squeeze, .unsqueeze, .identity, .slice, .gather, .concat, .add, .mul, .dropout:
      isNonNegative =
        inputs.allSatisfy { nonNegative.contains($0) } && inputs.count == node.inputs.count
        || inputs.first.map { nonNegative.contains($0) } ?? false && inputs.count == 1 && !node.operation.isArithmetic
    default: isNonNegative = false
    }
    if isNonNegative, let y = node.outputs.first ?? nil { nonNegative.insert(y) }
  }

  /// What a float value is once its quantisation has cut it to its range.
  private mutating func bounded(
    _ x: Graph.ValueID, _ node: Graph.Node, scale: Int, zero: Int
  ) throws(GraphError) -> Graph.ValueID {
    guard !nonNegative.contains(x) else { return x }
    let step = try constant(node, scale)
    guard step.count == 1, let size = step.array(of: Float.self).first else { return x }
    // Without a zero point: uint8, 0.
    let point = node.inputs.count > zero ? node.inputs[zero].flatMap { graph.values[$0].constant } : nil
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

  private func input(_ node: Graph.Node, _ index: Int) throws(GraphError) -> Graph.ValueID {
    guard index < node.inputs.count, let id = node.inputs[index] else {
      throw GraphError(.wrongArity, "input \(index) is missing")
    }
    return id
  }

  private func output(_ node: Graph.Node) throws(GraphError) -> Graph.ValueID {
    guard let id = node.outputs.first ?? nil else { throw GraphError(.wrongArity, "has no output") }
    return id
  }

  private func constant(_ node: Graph.Node, _ index: Int) throws(GraphError) -> Tensor {
    guard let tensor = graph.values[try input(node, index)].constant else {
      throw GraphError(.notConstant, "input '\(graph.values[try input(node, index)].name)' is no constant")
    }
    return tensor
  }

  private func number(_ id: Graph.ValueID?) -> Double? { id.flatMap { graph.values[$0].constant?.doubles.first } }

  private func number(_ node: Graph.Node, _ index: Int) throws(GraphError) -> Float {
    guard let number = try constant(node, index).array(of: Float.self).first else {
      throw GraphError(.badInput, "input \(index) is empty")
    }
    return number
  }

  /// The float value of a quantised activation, or a quantised constant's own.
  private mutating func realInput(
    _ node: Graph.Node, _ index: Int, _ scale: Int, _ zero: Int
  ) throws(GraphError) -> Graph.ValueID {
    let x = try input(node, index)
    if let known = real[x] { return known }
    guard graph.values[x].constant != nil else {
      throw GraphError(.notConstant, "'\(graph.values[x].name)' comes from no quantised layer")
    }
    return add("\(graph.values[x].name)_real", node, try dequantized(node, index, scale: scale, zero: zero, axis: 0))
  }

  /// A constant's real numbers; with several scales one for each place along `axis`.
  private func dequantized(
    _ node: Graph.Node, _ index: Int, scale: Int, zero: Int, axis: Int
  ) throws(GraphError) -> Tensor {
    let scales = try constant(node, scale)
    // One number as an axis of one element would be taken for a vector along the axis.
    let shape: Shape = scales.count == 1 ? [] : [scales.count]
    var inputs: [Tensor?] = [try constant(node, index), try scales.reshaped(shape)]
    if zero < node.inputs.count, let id = node.inputs[zero], let point = graph.values[id].constant {
      inputs.append(try point.count == 1 ? spread(point, shape) : point.reshaped([point.count]))
    }
    let operation = try Operator(named: "DequantizeLinear", inputCount: inputs.count, [.int("axis", axis)])
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
      throw GraphError(.notConstant, "its bias is no constant")
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
