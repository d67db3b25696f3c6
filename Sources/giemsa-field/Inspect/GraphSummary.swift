import ModelGraph
import Text

/// A graph's nodes and what they take, for `inspect`.
struct GraphSummary {
  let nodes: Int
  let parameters: Int
  let constantBytes: Int
  let peakBytes: Int
  private(set) var multiplyAdds = 0
  private(set) var activationBytes = 0
  /// Most frequent first.
  private(set) var operatorCounts: [(name: String, count: Int)] = []
  private(set) var table = ""

  init(_ graph: Graph, _ facts: [Fact?]) {
    nodes = graph.nodes.count
    parameters = graph.parameterCount
    constantBytes = graph.constantBytes
    peakBytes = graph.peakActivationBytes(facts)
    var rows = TextTable([
      ("node", .left), ("operator", .left), ("output", .left), ("parameters", .right), ("multiply-adds", .right),
      ("memory", .right),
    ])
    for node in graph.nodes {
      let cost = graph.cost(of: node, facts)
      multiplyAdds += cost.multiplyAdds
      activationBytes += cost.outputBytes
      let name = GraphSummary.title(node, graph)
      if let index = operatorCounts.firstIndex(where: { $0.name == name }) {
        operatorCounts[index].count += 1
      } else {
        operatorCounts.append((name, 1))
      }
      let shape = node.firstOutput.flatMap { facts[$0] }.map { "\($0.shape)" } ?? "?"
      rows.add([
        node.name, name, shape, cost.parameters == 0 ? "" : Quantity.grouped(cost.parameters),
        cost.multiplyAdds == 0 ? "" : Quantity.count(cost.multiplyAdds), Quantity.bytes(cost.outputBytes),
      ])
    }
    rows.rule()
    rows.add([
      "\(nodes) nodes", "", "", Quantity.grouped(parameters), Quantity.count(multiplyAdds),
      Quantity.bytes(activationBytes),
    ])
    table = rows.text
    operatorCounts.sort { $0.count != $1.count ? $0.count > $1.count : $0.name < $1.name }
  }

  /// `FusedConv + Add + Relu`: what a fused node does besides.
  private static func title(_ node: Graph.Node, _ graph: Graph) -> String {
    guard case .fusedConv(let fused) = node.operation else { return node.operation.name }
    let residual = node[FusedConv.Input.z] != nil ? "+Add" : ""
    let activation = fused.activation.name
    return "Conv" + residual + (activation.isEmpty ? "" : "+\(activation)")
  }
}

/// Large numbers for people.
enum Quantity {
  /// `11,689,512`
  static func grouped(_ value: Int) -> String {
    let digits = Array("\(value)".utf8)
    var bytes: [UInt8] = []
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0, digits[index - 1] != UInt8(ascii: "-") {
        bytes.append(UInt8(ascii: ","))
      }
      bytes.append(digit)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `118.0 M`
  static func count(_ value: Int) -> String {
    switch value {
    case ..<10_000: "\(value)"
    case ..<1_000_000: NumberText.fixed(Double(value) / 1e3, 1) + " k"
    case ..<1_000_000_000: NumberText.fixed(Double(value) / 1e6, 1) + " M"
    default: NumberText.fixed(Double(value) / 1e9, 2) + " G"
    }
  }

  /// `3.06 MiB`
  static func bytes(_ value: Int) -> String {
    switch value {
    case ..<1024: "\(value) B"
    case ..<(1 << 20): NumberText.fixed(Double(value) / 1024, 1) + " KiB"
    default: NumberText.fixed(Double(value) / Double(1 << 20), 2) + " MiB"
    }
  }
}
