import ModelGraph

/// What the step of a matrix product of floats with constant weights computes besides: a constant row that is added, then a
/// value that is added, then an activation. All are read by the next one alone.
///
/// Convolutions are joined with such nodes by a pass (`fuseConvolution`), because ONNX has an operator for the joined node. It
/// has none for a product of more than two axes.
struct FloatChains {
  struct Chain {
    fileprivate(set) var bias: Graph.ValueID?
    fileprivate(set) var residual: Graph.ValueID?
    fileprivate(set) var activation = Activation.none
    /// What the last of the nodes makes.
    fileprivate(set) var output: Graph.ValueID
  }

  /// By a product's node.
  private(set) var chain: [Chain?]
  /// The product whose step may compute the node.
  private(set) var product: [Int?]

  init(_ graph: Graph, _ facts: [Fact], isConstant: [Bool]) {
    chain = [Chain?](repeating: nil, count: graph.nodes.count)
    product = [Int?](repeating: nil, count: graph.nodes.count)
    guard graph.nodes.contains(where: { FloatChains.isProduct($0.operation) }) else { return }
    let (producers, readers) = (graph.producers(), graph.onlyReaders())
    func isFloat(_ id: Graph.ValueID) -> Bool { facts[id].type == .float32 && facts[id].shape.count > 0 }
    for (index, node) in graph.nodes.enumerated() where FloatChains.isProduct(node.operation) {
      guard let made = node.firstOutput, isFloat(made), let weights = node[MatMul.Input.b], isConstant[weights],
        facts[weights].shape.rank == 2, let columns = facts[made].shape.extents.last
      else { continue }
      var found = Chain(output: made)
      var nodes: [Int] = []
      while let reader = readers[found.output], found.activation == .none {
        let next = graph.nodes[reader]
        guard let output = next.firstOutput, next.outputs.count == 1, facts[output].shape == facts[made].shape,
          isFloat(output)
        else { break }
        if case .add = next.operation, let a = next[Add.Input.a], let b = next[Add.Input.b], a != b {
          let other = a == found.output ? b : a
          guard isFloat(other), found.residual == nil else { break }
          let shape = facts[other].shape
          if case .matMul = node.operation, found.bias == nil, isConstant[other], shape.count == columns,
            shape.extents.last == columns
          {
            found.bias = other
          } else if !isConstant[other], shape == facts[made].shape, producers[other].map({ $0 < index }) ?? true {
            found.residual = other
          } else {
            break
          }
        } else if let activation = FloatChains.activation(next, { isConstant[$0] ? facts[$0].constant : nil }) {
          found.activation = activation
        } else {
          break
        }
        found.output = output
        nodes.append(reader)
      }
      if nodes.isEmpty { continue }
      chain[index] = found
      for absorbed in nodes { product[absorbed] = index }
    }
  }

  /// The activation that a node is; for a Clip, where its bounds are known.
  static func activation(_ node: Graph.Node, _ constant: (Graph.ValueID) -> Tensor?) -> Activation? {
    if case .clip = node.operation { return node.clipBounds(constant).map { .clip(min: $0.low, max: $0.high) } }
    return Activation(node.operation)
  }

  private static func isProduct(_ operation: Operator) -> Bool {
    switch operation {
    case .matMul, .gemm: true
    default: false
    }
  }
}
