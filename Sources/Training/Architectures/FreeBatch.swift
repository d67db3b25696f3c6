import ModelGraph

extension Graph {
  /// Lets a model that was exported for exactly `fixed` pictures take any number. A Reshape to a constant shape with `fixed`
  /// as first extent then copies the first extent of its input instead, if that extent counts pictures. Nothing else changes.
  ///
  /// - Parameter inputShape: `[fixed, 3, height, width]`.
  /// - Throws: naming the node, if a node depends on the number of pictures in another way.
  public mutating func freeBatch(_ fixed: Int, inputShape: Shape) throws(GraphError) {
    let before = try infer([inputShape])
    let other = fixed + 1
    var shape = inputShape
    shape[0] = other
    var facts = [Fact?](repeating: nil, count: values.count)
    for id in values.indices { facts[id] = values[id].constant.map { Fact($0) } }
    for id in inputs { facts[id] = Fact(.float32, shape) }
    for index in nodes.indices {
      try freeReshape(index, fixed, other, before, &facts)
      do {
        for (output, fact) in zip(nodes[index].outputs, try infer(nodes[index], facts)) {
          if let output { facts[output] = fact }
        }
      } catch { throw GraphError.fixedBatch(fixed, error.at(nodes[index].place)) }
    }
  }

  /// - Parameters:
  ///   - before, facts: for batches of `fixed` and of `other` pictures.
  private mutating func freeReshape(
    _ index: Int, _ fixed: Int, _ other: Int, _ before: [Fact?], _ facts: inout [Fact?]
  ) throws(GraphError) {
    let node = nodes[index]
    guard case .reshape(let reshape) = node.operation, let x = node[Reshape.Input.data],
      let wanted = node[Reshape.Input.shape], let y = node.firstOutput, let old = before[x]?.shape,
      let new = facts[x]?.shape, let result = before[y]?.shape, let constant = facts[wanted]?.constant,
      constant.type == .int64, old.rank > 0, new.rank == old.rank, old[0] == fixed, new[0] == other,
      old.extents.dropFirst() == new.extents.dropFirst()
    else { return }
    var target = constant.array(of: Int64.self)
    guard target.first == Int64(fixed), result.rank == target.count else { return }
    if reshape.allowzero {
      // With allowzero, 0 is an extent of 0. -1 infers the extent; a shape may hold one -1.
      target = result.extents.map { Int64($0) }
      target[0] = -1
    } else {
      target[0] = 0
    }
    let free = addFreshConstant(values[wanted].name, try Tensor([target.count], target))
    nodes[index][Reshape.Input.shape] = free
    facts.append(Fact(try Tensor([target.count], target)))
  }

  /// Checks that a classifier takes any number of pictures.
  ///
  /// - Parameter inputShape: of one picture.
  /// - Throws: naming the node that does not.
  public func checkAnyBatch(_ inputShape: Shape, classes: Int) throws(GraphError) {
    guard let output = outputs.first else { throw GraphError(.noOutput, "the model has no output") }
    for batch in [1, 2, 3, 16] {
      var shape = inputShape
      shape[0] = batch
      let facts: [Fact?]
      do { facts = try infer([shape]) } catch { throw GraphError.fixedBatch(nil, error) }
      guard let found = facts[output]?.shape, found.rank > 0, found[0] == batch, found.count == batch * classes else {
        let found = facts[output]?.shape.description ?? "nothing"
        throw GraphError.fixedBatch(
          nil, GraphError(.shapeMismatch, "\(batch) pictures make the output \(found)"))
      }
    }
  }
}

extension GraphError {
  fileprivate static func fixedBatch(_ fixed: Int?, _ error: GraphError) -> GraphError {
    let made =
      fixed.map { "was exported for batches of \($0) \($0 == 1 ? "picture" : "pictures")" } ?? "holds a batch size"
    return GraphError(
      error.code,
      "\(error.message). The model \(made) and cannot be trained with others; export it with a free first axis "
        + "(PyTorch: dynamic_shapes or dynamic_axes)")
  }
}
