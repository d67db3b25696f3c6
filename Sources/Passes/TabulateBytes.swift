import ModelGraph
import Text

/// A function of one 8-bit value, element by element, from DequantizeLinear to QuantizeLinear becomes a table: a Gather
/// of 256 bytes, with a Cast of the value as its indices (a negative index counts from the table's end).
///
/// The function is whatever operators that treat elements one by one make of it, with other roundings to 8 bits in
/// between: Sigmoid, HardSwish, or x · HardSigmoid(x). Exact: the operators' definitions compute the table. A Relu or
/// Clip alone between two equal grids stays, because the layer before it applies that for nothing.
public func tabulateBytes(_ graph: inout Graph) -> Int { PassContext.alone(&graph, tabulateBytes) }

func tabulateBytes(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  guard QuantizeLinear.isIncluded, graph.hasNode(where: { if case .quantizeLinear = $0 { true } else { false } }) else {
    return 0
  }
  var search = ByteFunctions(graph, context.facts(graph))
  var nodes: [Graph.Node] = []
  var changes = 0
  for index in search.graph.nodes.indices {
    let node = search.graph.nodes[index]
    guard search.find(index), case .quantizeLinear = node.operation, let output = node.firstOutput,
      let source = search.functions[output]?.source, context.allows(bytes: 256, work: 256 * ByteFunctions.mostNodes),
      let table = search.table(output)
    else {
      nodes.append(node)
      continue
    }
    let indices = graph.addValue(graph.freshName("\(graph.values[output].name)_index"))
    let cast = graph.freshName("\(node.name)_index")
    nodes.append(Graph.Node(cast, .cast(Cast(to: .int32)), inputs: [source], outputs: [indices]))
    let constant = graph.addFreshConstant("table", table)
    nodes.append(Graph.Node(node.name, .gather(Gather()), inputs: [constant, indices], outputs: [output]))
    changes += 1
  }
  graph.nodes = nodes
  return changes
}

/// The values of a graph that are functions of one byte each.
private struct ByteFunctions {
  struct Function {
    /// An 8-bit value of the same shape.
    let source: Graph.ValueID
    /// The node that dequantises the source.
    let dequantizer: Int
    /// The node that makes the value.
    var maker: Int
    /// How many nodes its table takes.
    var nodeCount: Int
    var onlyClamps: Bool
  }

  /// A longer function is begun anew.
  static let mostNodes = 16

  let graph: Graph
  private let facts: KnownFacts
  /// By value; nil for a value that is none.
  private(set) var functions: [Function?]

  init(_ graph: Graph, _ facts: KnownFacts) {
    self.graph = graph
    self.facts = facts
    functions = [Function?](repeating: nil, count: graph.values.count)
  }

  /// Records the function that node `index` computes; false if it is none.
  ///
  /// The result of a QuantizeLinear on the grid of its source, clamped at most, is a source itself.
  mutating func find(_ index: Int) -> Bool {
    guard let output = graph.soleOutput(index), var found = function(index, output),
      found.nodeCount < ByteFunctions.mostNodes
    else { return false }
    if case .quantizeLinear = graph.nodes[index].operation, found.onlyClamps, isOnGrid(found, of: index, output) {
      return false
    }
    found.maker = index
    found.nodeCount += 1
    functions[output] = found
    return true
  }

  private func function(_ index: Int, _ output: Graph.ValueID) -> Function? {
    let node = graph.nodes[index]
    guard let x = node.firstInput else { return nil }
    switch node.operation {
    case .dequantizeLinear(let operation) where operation.isPlain:
      guard hasScalars(node) else { return nil }
      if let found = functions[x] { return found }
      guard graph.values[x].constant == nil, let type = facts.type(x), type == .uint8 || type == .int8 else {
        return nil
      }
      return Function(source: x, dequantizer: index, maker: index, nodeCount: 0, onlyClamps: true)
    case .quantizeLinear(let operation) where operation.isPlain:
      guard hasScalars(node), let type = facts.type(output), type == .uint8 || type == .int8 else { return nil }
      return functions[x]
    case .relu, .clip: return hasScalars(node) ? functions[x] : nil
    case .sigmoid, .hardSigmoid, .hardSwish, .leakyRelu, .elu, .tanh, .softplus, .softsign, .mish, .swish, .gelu,
      .quickGelu, .microsoftGelu, .erf, .exp, .sqrt, .abs, .neg, .reciprocal:
      var found = functions[x]
      found?.onlyClamps = false
      return found
    case .add, .sub, .mul, .div:
      guard node.inputs.count == 2, let other = node.inputs[1], var found = functions[x] ?? functions[other] else {
        return nil
      }
      found.onlyClamps = false
      found.nodeCount = 0
      for input in [x, other] {
        if let operand = functions[input] {
          guard operand.source == found.source else { return nil }
          found.nodeCount += operand.nodeCount
        } else {
          guard isScalar(input), facts.always(output, found.source, { $0 == $1 }) else { return nil }
        }
      }
      return found
    default: return nil
    }
  }

  /// The value for each of the source's 256 bit patterns.
  func table(_ id: Graph.ValueID) -> Tensor? {
    guard let function = functions[id] else { return nil }
    let node = graph.nodes[function.maker]
    var arguments: [Tensor?] = []
    for input in node.inputs {
      guard let input else {
        arguments.append(nil)
        continue
      }
      // At most `mostNodes` deep.
      if functions[input] != nil {
        arguments.append(table(input))
      } else if input == function.source {
        arguments.append(patterns(of: input))
      } else {
        arguments.append(try? graph.values[input].constant?.reshaped([]))
      }
      if arguments.last.flatMap({ $0 }) == nil { return nil }
    }
    guard let table = try? node.operation.evaluate(arguments).first, table.count == 256 else { return nil }
    return table
  }

  /// Every value of an 8-bit type, in the order of its bits.
  private func patterns(of id: Graph.ValueID) -> Tensor? {
    let patterns = (0..<256).map { UInt8($0) }
    return facts.type(id) == .uint8
      ? try? Tensor([256], patterns) : try? Tensor([256], patterns.map { Int8(bitPattern: $0) })
  }

  private func isOnGrid(_ function: Function, of index: Int, _ output: Graph.ValueID) -> Bool {
    guard let fromType = facts.type(function.source), let toType = facts.type(output),
      let from = QuantizationGrid(graph, function.dequantizer, type: fromType),
      let to = QuantizationGrid(graph, index, type: toType)
    else { return false }
    return from.equals(to)
  }

  /// Whether every input but the first is left out, or is a constant of one number.
  private func hasScalars(_ node: Graph.Node) -> Bool { node.inputs.dropFirst().allSatisfy { isScalar($0) } }

  private func isScalar(_ id: Graph.ValueID?) -> Bool {
    guard let id else { return true }
    return graph.values[id].constant?.count == 1
  }
}
