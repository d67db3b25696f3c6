/// What a node takes: for tables of a network, and for operations per second.
public struct NodeCost: Sendable {
  /// Multiply-adds of convolutions and matrix products; 0 for everything else.
  public var multiplyAdds = 0
  /// Elements of its weights: what training would change, and not the running statistics of BatchNormalization, zero
  /// points and scales, shapes and axes.
  public var parameters = 0
  /// Bytes of its outputs.
  public var outputBytes = 0

  public init() {}
}

extension Graph {
  /// The cost of one node, given what ``infer(_:)`` found out.
  public func cost(of node: Node, _ facts: [Fact?]) -> NodeCost {
    var cost = NodeCost()
    for case let id? in node.outputs {
      if let fact = facts[id] { cost.outputBytes += fact.shape.count * fact.type.byteCount }
    }
    for position in node.operation.weightInputs where position < node.inputs.count {
      if let id = node.inputs[position], let weight = values[id].constant { cost.parameters += weight.count }
    }
    let inputs = node.inputs.map { $0.flatMap { facts[$0] } }
    cost.multiplyAdds = node.operation.multiplyAdds(inputs, node.outputs.map { $0.flatMap { facts[$0] } })
    return cost
  }

  /// Bytes of all constants, each counted once.
  public var constantBytes: Int { values.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) } }

  /// Elements of all weights, each counted once however many nodes read it.
  public var parameterCount: Int {
    var counted = [Bool](repeating: false, count: values.count)
    var total = 0
    for node in nodes {
      for position in node.operation.weightInputs where position < node.inputs.count {
        guard let id = node.inputs[position], let weight = values[id].constant, !counted[id] else { continue }
        counted[id] = true
        total += weight.count
      }
    }
    return total
  }

  /// The most bytes of values that are needed at one time when nodes run in order, the graph's inputs counted.
  public func peakActivationBytes(_ facts: [Fact?]) -> Int {
    var lastUse = [Int](repeating: -1, count: values.count)
    for (index, node) in nodes.enumerated() {
      for case let id? in node.inputs { lastUse[id] = index }
    }
    for id in outputs { lastUse[id] = nodes.count }
    func bytes(_ id: ValueID) -> Int {
      guard values[id].constant == nil, let fact = facts[id] else { return 0 }
      return fact.shape.count * fact.type.byteCount
    }
    var live = inputs.reduce(0) { $0 + bytes($1) }
    var peak = live
    for (index, node) in nodes.enumerated() {
      for case let id? in node.outputs { live += bytes(id) }
      peak = max(peak, live)
      for case let id? in Set(node.inputs) where lastUse[id] == index { live -= bytes(id) }
      for case let id? in node.outputs where lastUse[id] == -1 { live -= bytes(id) }
    }
    return peak
  }
}

extension Operator {
  /// Multiply-adds of a convolution or matrix product; 0 for everything else.
  public func multiplyAdds(_ inputs: [Fact?], _ outputs: [Fact?]) -> Int {
    func shape(_ position: Int) -> Shape? { position < inputs.count ? inputs[position]?.shape : nil }
    guard let result = (outputs.first ?? nil)?.shape else { return 0 }
    switch self {
    case .conv, .fusedConv, .convInteger:
      if let weight = shape(1), weight.rank > 1, weight[0] > 0 { return result.count * (weight.count / weight[0]) }
    case .qLinearConv:
      if let weight = shape(3), weight.rank > 1, weight[0] > 0 { return result.count * (weight.count / weight[0]) }
    case .matMul, .matMulInteger, .qLinearMatMul:
      if let a = shape(0), let inner = a.extents.last { return result.count * inner }
    case .gemm, .qGemm:
      // [M, K] or [K, M], [M, N] made: K is what is left of A.
      if let a = shape(0), a.rank == 2, result.rank == 2, result[0] > 0 { return result.count * (a.count / result[0]) }
    default: break
    }
    return 0
  }

  /// The inputs that are weights where they are constants.
  var weightInputs: [Int] {
    switch self {
    case .conv, .fusedConv, .gemm, .batchNormalization: [1, 2]
    case .matMul: [0, 1]
    case .convInteger, .matMulInteger: [1]
    case .qLinearConv: [3, 8]
    case .qLinearMatMul: [3]
    case .qGemm: [3, 6]
    // Weights of QDQ files; the scalars that some files dequantize are no more than a rounding error of the sum.
    case .dequantizeLinear: [0]
    case .add, .mul, .sub, .div: [0, 1]
    default: []
    }
  }
}
