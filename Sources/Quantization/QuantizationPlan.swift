import ModelGraph

/// Decides which products of a prepared model are computed in integers, and which values are quantised for them.
///
/// The outputs of Conv, of an Add of such outputs and (if another product reads it) of Gemm are quantised, after a Relu or
/// Clip that is their only reader. So are all inputs of products, these Adds, pooling and the Mul of squeeze-and-excitation.
/// MaxPool and operators that only move elements keep the scale and zero point of their input. Everything else stays in
/// float between a DequantizeLinear and a QuantizeLinear: the residual sums of a transformer too, whose range one scale
/// covers badly.
struct QuantizationPlan: Sendable {
  /// Node indices of the integer products, in order.
  private(set) var products: [Int] = []
  /// Node indices of products of floats whose weights are stored as int8.
  let weightOnly: Set<Int>
  /// The quantised values, in the order in which they are produced.
  private(set) var values: [Graph.ValueID] = []
  /// Values that share another value's scale and zero point, mapped to that value.
  private(set) var tied: [Graph.ValueID: Graph.ValueID] = [:]

  /// - Parameters:
  ///   - float: products to leave in float.
  ///   - weightOnly: products to compute in float with weights that are stored as int8.
  init(_ model: PreparedModel, float: Set<Int> = [], weightOnly: Set<Int> = []) {
    let graph = model.graph
    let readers = graph.onlyReaders()
    self.weightOnly = weightOnly.subtracting(float)
    products = graph.nodes.indices.filter {
      model.isProduct($0) && !float.contains($0) && !weightOnly.contains($0)
    }
    let integer = Set(products)
    var wanted = [Bool](repeating: false, count: graph.values.count)
    var follows: [Graph.ValueID: Graph.ValueID] = [:]

    func isActivation(_ id: Graph.ValueID?) -> Bool {
      guard let id, let fact = model.facts[id] else { return false }
      return fact.type == .float32 && graph.values[id].constant == nil && fact.shape.count > 0
    }
    /// The output of node `index`, or of the Relu or Clip that is its only reader.
    func end(_ index: Int) -> Graph.ValueID? {
      guard let made = graph.nodes[index].firstOutput else { return nil }
      guard let reader = readers[made], Self.isBound(graph, reader) else { return made }
      return graph.nodes[reader].firstOutput
    }
    /// Results of integer convolutions and of sums of such.
    var results = Set<Graph.ValueID>()
    func isSum(_ node: Graph.Node) -> Bool {
      guard case .add = node.operation, let a = node[Add.Input.a], let b = node[Add.Input.b], isActivation(a),
        isActivation(b)
      else { return false }
      return model.facts[a]?.shape == model.facts[b]?.shape
        && (results.contains(a) || results.contains(b))
    }

    /// Whether the node is not the Mul of a map by numbers of which an integer product made one for each channel.
    func isFloat(gateOf node: Graph.Node) -> Bool {
      guard let a = node[Mul.Input.a], let b = node[Mul.Input.b], isActivation(a), isActivation(b),
        let y = node.firstOutput, let from = model.facts[a]?.shape, let gate = model.facts[b]?.shape, from != gate,
        from == model.facts[y]?.shape || gate == model.facts[y]?.shape, from.rank == 4, gate.rank == 4
      else { return true }
      return !self.weightOnly.isDisjoint(with: model.gates)
    }

    var bounds = Set<Graph.ValueID>()
    for (index, node) in graph.nodes.enumerated() {
      let isConv = if case .conv = node.operation { integer.contains(index) } else { false }
      guard integer.contains(index) || isSum(node), let made = node.firstOutput, let last = end(index) else { continue }
      if last != made { bounds.insert(last) }
      guard isConv || isSum(node) else { continue }
      results.formUnion([made, last])
      if !graph.outputs.contains(last) { wanted[last] = true }
    }
    for (index, node) in graph.nodes.enumerated().reversed() {
      guard let output = node.firstOutput else { continue }
      if integer.contains(index) {
        if let x = node.firstInput { wanted[x] = true }
      } else if isSum(node) {
        for case let x? in node.inputs { wanted[x] = true }
      } else if wanted[output], let x = node.firstInput, isActivation(x) {
        switch node.operation {
        case .globalAveragePool, .averagePool: wanted[x] = true
        case .mul where !isFloat(gateOf: node):
          for case let factor? in node.inputs { wanted[factor] = true }
        case .concat where node.inputs.allSatisfy({ isActivation($0) }):
          for case let part? in node.inputs { wanted[part] = true }
        case .maxPool, .globalMaxPool, .flatten, .reshape, .squeeze, .unsqueeze, .transpose, .identity, .dropout:
          wanted[x] = true
          follows[output] = x
        default: break
        }
      }
    }
    // A Relu or Clip between two values of one grid costs nothing.
    for (index, node) in graph.nodes.enumerated() where Self.isBound(graph, index) {
      if let x = node.firstInput, let y = node.firstOutput, wanted[x], wanted[y], !bounds.contains(y) { follows[y] = x }
    }
    for id in graph.inputs + graph.nodes.flatMap({ $0.outputs.compactMap { $0 } }) where wanted[id] {
      values.append(id)
      if let other = follows[id] { tied[id] = tied[other] ?? other }
    }
  }

  /// The values with a scale and zero point of their own.
  var free: [Graph.ValueID] { values.filter { tied[$0] == nil } }

  static func isBound(_ graph: Graph, _ index: Int) -> Bool {
    switch graph.nodes[index].operation {
    case .relu: return true
    case .clip:
      return graph.nodes[index].inputs.dropFirst().allSatisfy { $0 == nil || graph.values[$0 ?? 0].constant != nil }
    default: return false
    }
  }

  /// The first product of the network, and the last one, from which only the scores follow.
  static func stemAndHead(_ model: PreparedModel) -> (stem: Int?, head: Int?) {
    let products = model.graph.nodes.indices.filter { model.isProduct($0) }
    guard products.count > 2 else { return (nil, nil) }
    return (products.first, products.last)
  }
}
