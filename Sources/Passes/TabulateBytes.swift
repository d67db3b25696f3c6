import ModelGraph

/// A function of one 8-bit value, element by element, from DequantizeLinear to QuantizeLinear becomes a table: a Gather
/// of 256 bytes, with a Cast of the value as its indices (a negative index counts from the table's end).
///
/// The function is whatever operators that treat elements one by one make of it, with other roundings to 8 bits in
/// between: Sigmoid, HardSwish, or x · HardSigmoid(x). Exact: the operators' definitions compute the table. A Relu or Clip alone
/// between two equal grids stays, because the layer before it applies that for nothing.
public func tabulateBytes(_ graph: inout Graph) -> Int { PassContext.alone(&graph, tabulateBytes) }

func tabulateBytes(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  guard graph.hasNode(where: { if case .quantizeLinear = $0 { true } else { false } }) else { return 0 }
  let facts = context.facts(graph)
  var functions = [ByteFunction?](repeating: nil, count: graph.values.count)
  var nodes: [Graph.Node] = []
  var changes = 0
  for index in graph.nodes.indices {
    let node = graph.nodes[index]
    guard let output = graph.soleOutput(index), let function = byteFunction(index, functions, graph, facts) else {
      nodes.append(node)
      continue
    }
    guard case .quantizeLinear = node.operation else {
      functions[output] = function
      nodes.append(node)
      continue
    }
    // A value on the grid of its source, clamped at most, is a source itself.
    guard !function.onlyClamps || !function.isOnGrid(of: index, graph), function.table.count == 256,
      context.allows(bytes: 256, work: 256)
    else {
      nodes.append(node)
      continue
    }
    functions[output] = function
    let indices = graph.addValue(graph.freshName("\(graph.values[output].name)_index"))
    let table = graph.addFreshConstant("table", function.table)
    nodes.append(
      Graph.Node(
        graph.freshName("\(node.name)_index"), .cast(Cast(to: .int32)), inputs: [function.source], outputs: [indices]))
    nodes.append(Graph.Node(node.name, .gather(Gather()), inputs: [table, indices], outputs: [output]))
    changes += 1
  }
  graph.nodes = nodes
  return changes
}

/// A value that is a function of the 8-bit value `source`, of whose shape it is.
private struct ByteFunction {
  let source: Graph.ValueID
  /// The node that dequantises the source.
  let dequantizer: Int
  /// Its value for the source's 256 bit patterns.
  var table: Tensor
  var onlyClamps: Bool

  /// Whether the QuantizeLinear `index` has the source's scale and zero point.
  func isOnGrid(of index: Int, _ graph: Graph) -> Bool {
    guard let from = QuantizationGrid(graph, dequantizer, type: table.type),
      let to = QuantizationGrid(graph, index, type: table.type)
    else { return false }
    return from.equals(to)
  }
}

/// The function that node `index` computes; nil if it is none of one byte.
private func byteFunction(
  _ index: Int, _ functions: [ByteFunction?], _ graph: Graph, _ facts: KnownFacts
) -> ByteFunction? {
  let node = graph.nodes[index]
  guard let x = node.firstInput, let output = node.firstOutput else { return nil }
  var function: ByteFunction
  var arguments: [Tensor?] = []
  switch node.operation {
  case .dequantizeLinear(let operation) where operation.isPlain:
    guard graph.isScalar(node[DequantizeLinear.Input.scale]), graph.isScalar(node[DequantizeLinear.Input.zeroPoint])
    else { return nil }
    if let found = functions[x] {
      function = found
    } else {
      guard graph.values[x].constant == nil, let type = facts.type(x), type == .uint8 || type == .int8,
        let patterns = try? bitPatterns(type)
      else { return nil }
      function = ByteFunction(source: x, dequantizer: index, table: patterns, onlyClamps: true)
    }
    arguments = node.inputs.map { $0.flatMap { graph.values[$0].constant } }
    arguments[0] = function.table
  case .quantizeLinear(let operation) where operation.isPlain:
    guard let found = functions[x], graph.isScalar(node[QuantizeLinear.Input.scale]),
      graph.isScalar(node[QuantizeLinear.Input.zeroPoint]), let type = facts.type(output),
      type == .uint8 || type == .int8
    else { return nil }
    function = found
    arguments = node.inputs.map { $0.flatMap { graph.values[$0].constant } }
    arguments[0] = function.table
  case .relu, .clip:
    guard let found = functions[x], node.inputs.dropFirst().allSatisfy({ graph.isScalar($0) }) else { return nil }
    function = found
    arguments = [function.table] + node.inputs.dropFirst().map { $0.flatMap { graph.values[$0].constant } }
  case .sigmoid, .hardSigmoid, .hardSwish, .leakyRelu, .elu, .tanh, .softplus, .softsign, .mish, .swish, .gelu,
    .quickGelu,
    .microsoftGelu, .erf, .exp, .sqrt, .abs, .neg, .reciprocal:
    guard let found = functions[x] else { return nil }
    function = found
    function.onlyClamps = false
    arguments = [function.table]
  case .add, .sub, .mul, .div:
    guard node.inputs.count == 2, let other = node.inputs[1], let found = functions[x] ?? functions[other] else {
      return nil
    }
    function = found
    function.onlyClamps = false
    for input in [x, other] {
      if let operand = functions[input] {
        guard operand.source == function.source else { return nil }
        arguments.append(operand.table)
      } else {
        guard graph.isScalar(input), facts.always(output, function.source, { $0 == $1 }),
          let number = try? graph.values[input].constant?.reshaped([])
        else { return nil }
        arguments.append(number)
      }
    }
  default: return nil
  }
  guard let results = try? node.operation.evaluate(arguments), let table = results.first, table.count == 256 else {
    return nil
  }
  function.table = table
  return function
}

/// Every value of an 8-bit type, in the order of its bits.
private func bitPatterns(_ type: ElementType) throws(GraphError) -> Tensor {
  let patterns = (0..<256).map { UInt8($0) }
  return type == .uint8
    ? try Tensor([256], patterns) : try Tensor([256], patterns.map { Int8(bitPattern: $0) })
}

extension Graph {
  /// Whether the value is left out, or is a constant of one number.
  fileprivate func isScalar(_ id: ValueID?) -> Bool {
    guard let id else { return true }
    return values[id].constant?.count == 1
  }
}
