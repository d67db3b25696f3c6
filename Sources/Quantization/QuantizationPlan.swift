import ModelGraph

/// Which products of a prepared model are computed on integers, and which values lie on a grid for it.
///
/// What a Conv, an Add or (where another product reads it) a Gemm makes lies on a grid, behind the Relu or Clip that alone
/// reads it; so does whatever a product, an Add or a pooling reads. MaxPool and what only moves elements keep the grid of
/// what they read. Everything else stays in float between a DequantizeLinear and a QuantizeLinear.
struct QuantizationPlan: Sendable {
  /// Node indices, in order.
  private(set) var products: [Int] = []
  /// In the order in which they are made.
  private(set) var values: [Graph.ValueID] = []
  /// Values that share the grid of another one, which has a grid of its own.
  private(set) var tied: [Graph.ValueID: Graph.ValueID] = [:]

  /// - Parameter float: products to leave in float.
  init(_ model: PreparedModel, float: Set<Int> = []) {
    let graph = model.graph
    let (counts, consumers) = (graph.readCounts(), graph.consumers())
    products = graph.nodes.indices.filter { model.isProduct($0) && !float.contains($0) }
    let integer = Set(products)
    var wanted = [Bool](repeating: false, count: graph.values.count)
    var follows: [Graph.ValueID: Graph.ValueID] = [:]

    func isActivation(_ id: Graph.ValueID?) -> Bool {
      guard let id, let fact = model.facts[id] else { return false }
      return fact.type == .float32 && graph.values[id].constant == nil && fact.shape.count > 0
    }
    /// The result of node `index`, or of the bound that alone reads it.
    func end(_ index: Int) -> Graph.ValueID? {
      guard let made = graph.nodes[index].firstOutput else { return nil }
      guard counts[made] == 1, let reader = consumers[made].first, Self.isBound(graph, reader) else { return made }
      return graph.nodes[reader].firstOutput
    }
    func isSum(_ node: Graph.Node) -> Bool {
      guard case .add = node.operation, let a = node[Add.Input.a], let b = node[Add.Input.b], isActivation(a),
        isActivation(b)
      else { return false }
      return model.facts[a]?.shape == model.facts[b]?.shape
    }

    var bounds = Set<Graph.ValueID>()
    for (index, node) in graph.nodes.enumerated() {
      let isConv = if case .conv = node.operation { integer.contains(index) } else { false }
      guard integer.contains(index) || isSum(node), let made = node.firstOutput, let last = end(index) else { continue }
      if last != made { bounds.insert(last) }
      if isConv || isSum(node), !graph.outputs.contains(last) { wanted[last] = true }
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
        case .concat where node.inputs.allSatisfy({ isActivation($0) }):
          for case let part? in node.inputs { wanted[part] = true }
        case .maxPool, .globalMaxPool, .flatten, .reshape, .squeeze, .unsqueeze, .transpose, .identity, .dropout:
          wanted[x] = true
          follows[output] = x
        default: break
        }
      }
    }
    // A bound between two grids costs nothing if they are one.
    for (index, node) in graph.nodes.enumerated() where Self.isBound(graph, index) {
      if let x = node.firstInput, let y = node.firstOutput, wanted[x], wanted[y], !bounds.contains(y) { follows[y] = x }
    }
    for id in graph.inputs + graph.nodes.flatMap({ $0.outputs.compactMap { $0 } }) where wanted[id] {
      values.append(id)
      if let other = follows[id] { tied[id] = tied[other] ?? other }
    }
  }

  /// The values with grids of their own.
  var free: [Graph.ValueID] { values.filter { tied[$0] == nil } }

  static func isBound(_ graph: Graph, _ index: Int) -> Bool {
    switch graph.nodes[index].operation {
    case .relu: return true
    case .clip:
      return graph.nodes[index].inputs.dropFirst().allSatisfy { $0 == nil || graph.values[$0 ?? 0].constant != nil }
    default: return false
    }
  }

  /// The product that sees the picture first, and the one that nothing but the scores come from.
  static func stemAndHead(_ model: PreparedModel) -> (stem: Int?, head: Int?) {
    let products = model.graph.nodes.indices.filter { model.isProduct($0) }
    guard products.count > 2 else { return (nil, nil) }
    return (products.first, products.last)
  }
}
