import ModelGraph

extension Graph {
  /// MatMul of `[N, …, K]` with constant weights (and the Add of a constant row behind it) becomes Flatten → Gemm →
  /// Reshape, since integer products have two axes. Exact up to the order of summation.
  ///
  /// The Reshape names all extents but the outermost. So nothing is changed where another one may vary.
  ///
  /// - Parameter inputShape: `[N, …]`.
  mutating func flattenMatMuls(inputShape: Shape) throws {
    let isFixed = inputs.allSatisfy { id in
      (values[id].declaration?.dimensions.dropFirst() ?? []).allSatisfy {
        if case .fixed = $0 { true } else { false }
      }
    }
    guard isFixed else { return }
    let facts = try infer([inputShape])
    var larger = inputShape
    larger[0] += 1
    // A file for one batch size alone cannot be asked.
    let others = (try? infer([larger])) ?? facts
    let readers = onlyReaders()
    var absorbed = Set<Int>()
    let old = nodes
    nodes = []
    for (index, node) in old.enumerated() where !absorbed.contains(index) {
      guard case .matMul = node.operation, let x = node[MatMul.Input.a],
        let w = node[MatMul.Input.b],
        let weight = values[w].constant, weight.type == .float32, weight.shape.rank == 2,
        weight.count > 0,
        values[x].constant == nil, let shape = facts[x]?.shape, shape.rank > 2, shape.count > 0,
        others[x]?.shape.extents.dropFirst() == shape.extents.dropFirst(),
        var output = node.firstOutput
      else {
        nodes.append(node)
        continue
      }
      let columns = weight.shape[1]
      var operands: [ValueID?] = []
      if let add = readers[output], case .add = old[add].operation, let sum = old[add].firstOutput,
        let other = old[add].inputs.compactMap({ $0 }).first(where: { $0 != output }),
        let row = values[other].constant,
        row.type == .float32, row.count == columns, row.shape.extents.last == columns,
        row.shape.rank <= shape.rank
      {
        operands = [
          addFreshConstant("\(node.name)_bias", try Tensor([columns], row.array(of: Float.self)))
        ]
        output = sum
        absorbed.insert(add)
      }
      let flat = addValue(freshName("\(node.name)_flat"))
      let rows = addValue(freshName("\(node.name)_rows"))
      let extents = [-1] + shape.extents[1..<(shape.rank - 1)].map { Int64($0) } + [Int64(columns)]
      let target = addFreshConstant("\(node.name)_shape", try Tensor([extents.count], extents))
      nodes.append(
        Node(
          values[flat].name, .flatten(Flatten(axis: shape.rank - 1)), inputs: [x], outputs: [flat]))
      nodes.append(Node(node.name, .gemm(Gemm()), inputs: [flat, w] + operands, outputs: [rows]))
      nodes.append(
        Node(values[rows].name, .reshape(Reshape()), inputs: [rows, target], outputs: [output]))
    }
  }
}
