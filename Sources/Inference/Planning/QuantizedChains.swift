import ModelGraph

/// Which nodes of 8-bit integers one step computes together, as the kernel of the first stores its results.
///
/// A product of integers (ConvInteger, MatMulInteger) is absorbed by what makes floats of its sums: ``IntegerChain``. A Gather from a table of 256 bytes absorbs the Cast that makes its indices of 8-bit integers.
///
/// A QLinearAdd absorbs the QLinearConv before it; either of them, and every matrix product, absorbs the Clip behind
/// it. An absorbed node's result must be read by the absorbing node alone. Floats are joined in the same way before
/// they are planned, by a pass (`fuseConvolution`), because ONNX has an operator for the joined node.
struct QuantizedChains {
  struct Bounds {
    /// The Clip's result.
    let output: Graph.ValueID
    let low: Int32
    let high: Int32
  }

  /// Nodes that another node's step computes.
  private(set) var isAbsorbed: [Bool]
  /// By a QLinearAdd, the QLinearConv that it absorbs.
  private(set) var product: [Int?]
  /// By a sum or product, the Clip that it absorbs.
  private(set) var clip: [Bounds?]
  /// By the last node of each, the products of integers that one step computes together with what follows.
  private(set) var integerProduct: [IntegerChain?]
  /// By a Gather from a table of 256 bytes, the 8-bit value of its indices.
  private(set) var index: [Graph.ValueID?]

  init(_ graph: Graph, _ facts: [Fact], _ isConstant: [Bool]) {
    isAbsorbed = [Bool](repeating: false, count: graph.nodes.count)
    product = [Int?](repeating: nil, count: graph.nodes.count)
    clip = [Bounds?](repeating: nil, count: graph.nodes.count)
    index = [Graph.ValueID?](repeating: nil, count: graph.nodes.count)
    integerProduct = [IntegerChain?](repeating: nil, count: graph.nodes.count)
    guard QuantizedChains.isIncluded else { return }
    let hasWork = graph.nodes.contains { node in
      switch node.operation {
      case .gather, .convInteger, .matMulInteger: true
      default: QuantizedChains.isProduct(node.operation)
      }
    }
    guard hasWork else { return }
    let (producers, readers) = (graph.producers(), graph.onlyReaders())
    for (place, node) in graph.nodes.enumerated() {
      guard case .gather = node.operation, let indices = node[Gather.Input.indices], readers[indices] == place,
        let cast = producers[indices],
        let source = QuantizedChains.source(ofTable: node, indices: graph.nodes[cast], facts, isConstant)
      else { continue }
      index[place] = source
      isAbsorbed[cast] = true
    }
    for index in graph.nodes.indices {
      guard let chain = IntegerChain(graph, index, facts, isConstant, readers), let last = chain.nodes.last else {
        continue
      }
      for node in chain.nodes.dropLast() { isAbsorbed[node] = true }
      integerProduct[last] = chain
    }
    for (index, node) in graph.nodes.enumerated() {
      guard case .qLinearAdd = node.operation else { continue }
      product[index] = QuantizedChains.product(ofSum: index, graph, facts, producers, readers)
      if let product = product[index] { isAbsorbed[product] = true }
    }
    for (index, node) in graph.nodes.enumerated() where !isAbsorbed[index] {
      guard QuantizedChains.isProduct(node.operation) || QuantizedChains.isSum(node.operation),
        let made = node.firstOutput, let reader = readers[made],
        let bounds = QuantizedChains.bounds(graph.nodes[reader], of: made, facts)
      else { continue }
      clip[index] = bounds
      isAbsorbed[reader] = true
    }
  }

  /// Whether this build has operators of 8-bit integers.
  private static var isIncluded: Bool {
    QuantizeLinear.isIncluded || DequantizeLinear.isIncluded || QLinearConv.isIncluded || QLinearMatMul.isIncluded
      || QLinearAdd.isIncluded || QGemm.isIncluded || ConvInteger.isIncluded || MatMulInteger.isIncluded
  }

  /// The 8-bit value of which a Gather makes another by a table.
  private static func source(
    ofTable gather: Graph.Node, indices: Graph.Node, _ facts: [Fact], _ isConstant: [Bool]
  ) -> Graph.ValueID? {
    guard case .cast(let cast) = indices.operation, cast.to == .int32, let source = indices.firstInput,
      let table = gather[Gather.Input.data], isConstant[table], facts[table].shape == [256],
      facts[table].type == .uint8 || facts[table].type == .int8, !isConstant[source], facts[source].shape.count > 0,
      facts[source].type == .uint8 || facts[source].type == .int8
    else { return nil }
    return source
  }

  private static func isSum(_ operation: Operator) -> Bool {
    if case .qLinearAdd = operation { true } else { false }
  }

  private static func isProduct(_ operation: Operator) -> Bool {
    switch operation {
    case .qLinearConv, .qLinearMatMul, .qGemm: true
    default: false
    }
  }

  /// The QLinearConv whose result the QLinearAdd alone reads, on the grid on which it was made. Of two it is the later
  /// one: all that either of them reads has been made by then.
  private static func product(
    ofSum index: Int, _ graph: Graph, _ facts: [Fact], _ producers: [Int?], _ readers: [Int?]
  ) -> Int? {
    let sum = graph.nodes[index]
    // Kernels take at most two spatial axes.
    guard let a = sum[QLinearAdd.Input.a], let b = sum[QLinearAdd.Input.b], a != b, facts[a].shape == facts[b].shape,
      facts[a].shape.rank <= 4
    else { return nil }
    var later: Int?
    for summand in [QLinearAdd.a, QLinearAdd.b] {
      guard let value = sum[summand.x], readers[value] == index, let maker = producers[value],
        case .qLinearConv = graph.nodes[maker].operation,
        same(graph.nodes[maker][QLinearConv.Input.yScale], sum[summand.scale], facts),
        same(graph.nodes[maker][QLinearConv.Input.yZeroPoint], sum[summand.zeroPoint], facts)
      else { continue }
      later = max(later ?? maker, maker)
    }
    return later
  }

  /// Whether two constants have the same values.
  private static func same(_ a: Graph.ValueID?, _ b: Graph.ValueID?, _ facts: [Fact]) -> Bool {
    guard let a, let b else { return false }
    if a == b { return true }
    guard let x = facts[a].constant, let y = facts[b].constant, x.type == y.type else { return false }
    return x.doubles == y.doubles
  }

  /// The bounds of a Clip over the 8-bit integers `value`; nil for other nodes, and where a bound is not known.
  private static func bounds(_ node: Graph.Node, of value: Graph.ValueID, _ facts: [Fact]) -> Bounds? {
    guard case .clip = node.operation, let output = node.firstOutput,
      facts[value].type == .uint8 || facts[value].type == .int8
    else { return nil }
    var (low, high) = facts[value].type == .uint8 ? (0, 255) : (-128, 127)
    if let id = node[Clip.Input.min] {
      guard let bound = facts[id].constant?.ints?.first else { return nil }
      low = max(low, bound)
    }
    if let id = node[Clip.Input.max] {
      guard let bound = facts[id].constant?.ints?.first else { return nil }
      high = min(high, bound)
    }
    return low <= high ? Bounds(output: output, low: Int32(low), high: Int32(high)) : nil
  }
}
