import ModelGraph

/// A ConvInteger or MatMulInteger with constant weights, and what onnxruntime's `quantize_dynamic` puts behind it: a
/// Cast to float, a Mul by one number, an Add of a constant for each channel. Each must be the only reader of the one before.
struct IntegerChain {
  /// In their order; the first is the product.
  private(set) var nodes: [Int]
  private(set) var output: Graph.ValueID
  /// Whether the sums become floats.
  private(set) var isFloat = false
  private(set) var scale: Graph.ValueID?
  private(set) var bias: Graph.ValueID?

  /// nil if `index` is something else, or nothing that kernels can do.
  init?(_ graph: Graph, _ index: Int, _ facts: [Fact], _ isConstant: [Bool], _ readers: [Int?]) {
    let product = graph.nodes[index]
    guard let made = product.firstOutput, IntegerChain.fits(product, facts, isConstant) else { return nil }
    (nodes, output) = ([index], made)
    guard let cast = readers[output], case .cast(let operation) = graph.nodes[cast].operation, operation.to == .float32,
      let real = graph.nodes[cast].firstOutput
    else { return }
    nodes.append(cast)
    (output, isFloat) = (real, true)
    guard let (mul, factor, scaled) = IntegerChain.follower(of: output, graph, facts, readers),
      case .mul = graph.nodes[mul].operation, facts[factor].shape.count == 1
    else { return }
    nodes.append(mul)
    (output, scale) = (scaled, factor)
    guard let (add, summand, sum) = IntegerChain.follower(of: output, graph, facts, readers),
      case .add = graph.nodes[add].operation, isConstant[summand],
      IntegerChain.isForChannels(facts[summand].shape, of: facts[made].shape, product.operation)
    else { return }
    nodes.append(add)
    (output, bias) = (sum, summand)
  }

  /// The node of two float operands that alone reads `value`, its other operand and its result, if that is of the
  /// value's shape.
  private static func follower(
    of value: Graph.ValueID, _ graph: Graph, _ facts: [Fact], _ readers: [Int?]
  ) -> (node: Int, other: Graph.ValueID, result: Graph.ValueID)? {
    guard let node = readers[value], graph.nodes[node].inputs.count == 2, let a = graph.nodes[node].inputs[0],
      let b = graph.nodes[node].inputs[1], let result = graph.nodes[node].firstOutput
    else { return nil }
    let other = a == value ? b : a
    guard facts[other].type == .float32, facts[result].shape == facts[value].shape else { return nil }
    return (node, other, result)
  }

  private static func isForChannels(_ shape: Shape, of sums: Shape, _ operation: Operator) -> Bool {
    let fromEnd = if case .convInteger = operation { sums.rank - 1 } else { 1 }
    return shape.rank >= fromEnd && shape.count == shape[shape.rank - fromEnd]
      && shape.count == sums[sums.rank - fromEnd]
  }

  private static func fits(_ node: Graph.Node, _ facts: [Fact], _ isConstant: [Bool]) -> Bool {
    typealias Input = ConvInteger.Input
    // MatMulInteger has its inputs at the same positions.
    guard let x = node[Input.x], let w = node[Input.w], !isConstant[x], isConstant[w], facts[x].shape.count > 0,
      facts[w].shape.count > 0, node[Input.xZeroPoint].map({ facts[$0].shape.count == 1 }) ?? true,
      node[Input.wZeroPoint].map({ isConstant[$0] }) ?? true
    else { return false }
    switch node.operation {
    case .convInteger: return facts[x].shape.rank == 4
    case .matMulInteger: return facts[x].shape.rank >= 2 && facts[w].shape.rank == 2
    default: return false
    }
  }
}
