import ModelGraph

extension PreparedModel {
  /// For each product: itself and the products that read its result, directly or behind functions of one value. If these
  /// are computed in float, the value between them is not quantised.
  var layerPairs: [[Int]] {
    var readers: [Graph.ValueID: [Int]] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for id in Set(node.inputs.compactMap { $0 }) { readers[id, default: []].append(index) }
    }
    return graph.nodes.indices.filter { isProduct($0) }.map { product in
      var found: Set<Int> = [product]
      var seen = Set<Graph.ValueID>()
      var open = graph.nodes[product].outputs.compactMap { $0 }
      while let id = open.popLast() {
        guard seen.insert(id).inserted else { continue }
        for reader in readers[id] ?? [] {
          let variables = Set(graph.nodes[reader].inputs.compactMap { $0 }.filter { graph.values[$0].constant == nil })
          if isProduct(reader) {
            found.insert(reader)
          } else if variables.count == 1 || variables.isSubset(of: seen.union(open)) {
            open += graph.nodes[reader].outputs.compactMap { $0 }
          }
        }
      }
      return found.sorted()
    }
  }
}
