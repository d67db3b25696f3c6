import ModelGraph

extension PreparedModel {
  /// The products of squeeze-and-excitation: they compute, from one number per channel, the factors of a map's channels.
  ///
  /// Found from the Mul backwards, through everything that has one number per channel.
  static func gateProducts(_ graph: Graph, _ facts: [Fact?]) -> Set<Int> {
    let producers = graph.producers()
    func isSmall(_ id: Graph.ValueID) -> Bool {
      facts[id].map { $0.shape.rank >= 2 && $0.shape.extents.dropFirst(2).allSatisfy { $0 == 1 } }
        ?? false
    }
    var found = Set<Int>()
    var seen = Set<Graph.ValueID>()
    for node in graph.nodes {
      guard case .mul = node.operation, let y = node.firstOutput, !isSmall(y) else { continue }
      var open = node.inputs.compactMap { $0 }.filter { isSmall($0) }
      while let id = open.popLast() {
        guard seen.insert(id).inserted, let maker = producers[id] else { continue }
        let inputs = graph.nodes[maker].inputs.compactMap { $0 }.filter {
          graph.values[$0].constant == nil
        }
        guard inputs.allSatisfy({ isSmall($0) }) else { continue }
        switch graph.nodes[maker].operation {
        case .conv, .gemm: found.insert(maker)
        default: break
        }
        open += inputs
      }
    }
    return found
  }
}
