import ModelGraph

/// Attention as exporters spell it out: products of queries and keys, a factor, a mask, softmax, products with values.
///
/// One step computes them a few queries at a time, so that the scores of all are never in memory. It reads queries, keys and
/// values where they lie: nodes that only cut them out of a layer's result, turn or scale them are left out.
struct AttentionChains {
  final class Chain {
    /// Scores are products of the rows of `q` and the columns of `k`, times `scale`.
    let q: StridedView
    let k: StridedView
    let v: StridedView
    let scale: Float
    /// What is added to the scores.
    let mask: StridedView?
    /// Of the scores.
    let shape: Shape
    /// What the last of the nodes makes, and the elements from one index of each axis of the products to the next in it.
    fileprivate(set) var output: Graph.ValueID
    fileprivate(set) var outputStrides: [Int]

    fileprivate init(
      _ q: StridedView, _ k: StridedView, _ v: StridedView, scale: Float, mask: StridedView?, shape: Shape,
      output: Graph.ValueID, strides: [Int]
    ) {
      (self.q, self.k, self.v, self.scale, self.mask) = (q, k, v, scale, mask)
      (self.shape, self.output, outputStrides) = (shape, output, strides)
    }
  }

  /// By the node of the products with values.
  private(set) var chain: [Chain?]
  /// Nodes that no step needs to compute.
  private(set) var isLeftOut: [Bool]

  /// Fewer queries use keys and values too seldom for packing them all.
  private static let fewestRows = 16

  init(_ graph: Graph, _ facts: [Fact], isConstant: [Bool]) {
    chain = [Chain?](repeating: nil, count: graph.nodes.count)
    isLeftOut = [Bool](repeating: false, count: graph.nodes.count)
    guard MatMul.isIncluded, Softmax.isIncluded,
      graph.nodes.contains(where: { if case .softmax = $0.operation { true } else { false } })
    else { return }
    let search = AttentionSearch(
      graph: graph, facts: facts, isConstant: isConstant, producers: graph.producers(), readers: graph.onlyReaders())
    var isFound = false
    for index in graph.nodes.indices {
      guard let found = search.chain(index), found.shape[found.shape.rank - 2] >= AttentionChains.fewestRows else {
        continue
      }
      if let turn = search.turn(found) {
        (found.output, found.outputStrides) = (turn.output, turn.strides)
        isLeftOut[turn.node] = true
      }
      chain[index] = found
      isFound = true
    }
    if isFound { leaveOut(graph) }
  }

  /// Leaves out the nodes that nothing needs any more.
  private mutating func leaveOut(_ graph: Graph) {
    var isNeeded = [Bool](repeating: false, count: graph.values.count)
    for id in graph.outputs { isNeeded[id] = true }
    for index in graph.nodes.indices.reversed() {
      if let found = chain[index] {
        for view in [found.q, found.k, found.v] { isNeeded[view.base] = true }
        if let mask = found.mask { isNeeded[mask.base] = true }
        continue
      }
      let node = graph.nodes[index]
      if !node.outputs.contains(where: { $0.map { isNeeded[$0] } ?? false }) { isLeftOut[index] = true }
      if isLeftOut[index] { continue }
      for case let input? in node.inputs { isNeeded[input] = true }
    }
  }
}

/// A value's elements, where another value has them.
final class StridedView {
  let base: Graph.ValueID
  fileprivate(set) var offset: Int
  let extents: [Int]
  fileprivate(set) var strides: [Int]
  /// The elements are those of `base` times this.
  fileprivate(set) var factor: Float

  fileprivate init(_ base: Graph.ValueID, _ shape: Shape) {
    (self.base, offset, extents, strides, factor) = (base, 0, shape.extents, shape.strides, 1)
  }

  /// Elements of the same value under another shape, at places that are still to be said.
  private init(_ other: StridedView, _ shape: Shape) {
    (base, offset, extents, factor) = (other.base, other.offset, shape.extents, other.factor)
    strides = [Int](repeating: 0, count: shape.rank)
  }

  /// Elements picked by such rules, which give the axes of `shape`. nil: no strides reach them.
  fileprivate func picked(_ axes: [PickedAxis], _ shape: Shape) -> StridedView? {
    let result = StridedView(self, shape)
    for axis in axes {
      guard strides.indices.contains(axis.source), shape.extents.indices.contains(axis.output) || axis.count == 1 else {
        return nil
      }
      var step = 0
      switch axis.indices {
      case .repeated: break
      case .range(let first, let by):
        result.offset += first * strides[axis.source]
        step = by * strides[axis.source]
      case .list(let places):
        guard places.count == 1, let place = places.first, place >= 0 else { return nil }
        result.offset += place * strides[axis.source]
      }
      if axis.count == 1 { continue }
      guard axis.count == shape[axis.output], step >= 0 else { return nil }
      result.strides[axis.output] = step
    }
    return result
  }

  /// The same elements under another shape; nil where axes that do not follow one another would be joined.
  fileprivate func reshaped(_ shape: Shape) -> StridedView? {
    let result = StridedView(self, shape)
    let old = extents.indices.filter { extents[$0] != 1 }
    // Axes of both shapes in groups of as many elements.
    var (first, place) = (0, 0)
    while first < old.count, place < shape.rank {
      var (last, end) = (first + 1, place + 1)
      var (mine, wanted) = (extents[old[first]], shape[place])
      while mine != wanted {
        if mine < wanted {
          guard last < old.count else { return nil }
          mine *= extents[old[last]]
          last += 1
        } else {
          guard end < shape.rank else { return nil }
          wanted *= shape[end]
          end += 1
        }
      }
      for inner in first + 1..<last {
        guard strides[old[inner - 1]] == extents[old[inner]] * strides[old[inner]] else { return nil }
      }
      var step = strides[old[last - 1]]
      for axis in (place..<end).reversed() {
        result.strides[axis] = step
        step *= shape[axis]
      }
      (first, place) = (last, end)
    }
    return result
  }

  /// Elements from one item to the next along axes that begin at the outermost; 0 along one that is missing or repeated.
  func steps(along items: [Int]) -> [Int] {
    let own = extents.count - 2
    return items.indices.map { axis in
      let place = axis - (items.count - own)
      return place < 0 || extents[place] == 1 ? 0 : strides[place]
    }
  }
}

private struct AttentionSearch {
  let graph: Graph
  let facts: [Fact]
  let isConstant: [Bool]
  let producers: [Int?]
  let readers: [Int?]

  /// The chain whose last product the node is.
  func chain(_ index: Int) -> AttentionChains.Chain? {
    guard let (shares, values, made) = product(index), let normal = maker(of: shares, for: index),
      case .softmax(let softmax) = graph.nodes[normal].operation, let scores = graph.nodes[normal].firstInput,
      isFloat(scores), let keys = shape(scores).extents.last,
      let split = try? softmax.axis.split(shape(scores), of: Softmax.name), split.inner == 1, split.count == keys
    else { return nil }
    let scored = shape(scores)
    guard shape(made).rank == scored.rank, scored.rank <= 6,
      shape(made).extents.dropLast(2).elementsEqual(scored.extents.dropLast(2))
    else { return nil }
    var (value, reader, scale) = (scores, normal, Float(1))
    var mask: Graph.ValueID?
    // From the softmax to the product: as many nodes as there are kinds, at most.
    for _ in 0..<3 {
      guard shape(value) == scored, let place = maker(of: value, for: reader) else { return nil }
      if let (q, k, _) = product(place) {
        let (rows, columns) = (strided(q) { $0.strides.last == 1 || $0.extents.last == 1 }, strided(k) { _ in true })
        return AttentionChains.Chain(
          rows, columns, strided(values) { $0.factor == 1 }, scale: scale * rows.factor * columns.factor,
          mask: mask.map { StridedView($0, shape($0)) }, shape: scored, output: made, strides: shape(made).strides)
      }
      if let scaled = scaled(place) {
        (value, reader, scale) = (scaled.x, place, scale * scaled.factor)
      } else if mask == nil, scale == 1, let sum = masked(place, scored) {
        (value, reader, mask) = (sum.x, place, sum.mask)
      } else {
        return nil
      }
    }
    return nil
  }

  /// Where the only reader of a chain's output transposes it and leaves its rows whole.
  func turn(_ chain: AttentionChains.Chain) -> (node: Int, output: Graph.ValueID, strides: [Int])? {
    guard let reader = readers[chain.output], case .transpose = graph.nodes[reader].operation,
      let output = graph.nodes[reader].firstOutput, let axes = picked(graph.nodes[reader], 0)
    else { return nil }
    let dense = shape(output).strides
    var strides = [Int](repeating: 0, count: dense.count)
    for axis in axes { strides[axis.source] = dense[axis.output] }
    guard strides.last == 1 else { return nil }
    return (reader, output, strides)
  }

  private func shape(_ id: Graph.ValueID) -> Shape { facts[id].shape }
  private func isFloat(_ id: Graph.ValueID) -> Bool { facts[id].type == .float32 && facts[id].shape.count > 0 }

  /// The node that makes `id`, if `reader` alone reads it.
  private func maker(of id: Graph.ValueID, for reader: Int) -> Int? { readers[id] == reader ? producers[id] : nil }

  /// Operands and result of a product of matrices of floats.
  private func product(_ index: Int) -> (a: Graph.ValueID, b: Graph.ValueID, output: Graph.ValueID)? {
    let node = graph.nodes[index]
    guard case .matMul = node.operation, let a = node[MatMul.Input.a], let b = node[MatMul.Input.b],
      let output = node.firstOutput, isFloat(a), isFloat(b), isFloat(output), shape(a).rank >= 2, shape(b).rank >= 2
    else { return nil }
    return (a, b, output)
  }

  /// x times a number, or divided by one.
  private func scaled(_ index: Int) -> (x: Graph.ValueID, factor: Float)? {
    let node = graph.nodes[index]
    guard let a = node[BinaryInput.a], let b = node[BinaryInput.b], let output = node.firstOutput else { return nil }
    let found: (x: Graph.ValueID, factor: Float)?
    switch node.operation {
    case .mul: found = number(b).map { (a, $0) } ?? number(a).map { (b, $0) }
    case .div: found = number(b).map { (a, 1 / $0) }
    default: found = nil
    }
    guard let found, isFloat(found.x), shape(found.x) == shape(output), found.factor.isFinite, found.factor != 0 else {
      return nil
    }
    return found
  }

  private func number(_ id: Graph.ValueID) -> Float? {
    guard isConstant[id], facts[id].type == .float32, shape(id).count == 1, let constant = facts[id].constant else {
      return nil
    }
    return constant.doubles.first.map { Float($0) }
  }

  /// x plus scores that are contiguous along the keys.
  private func masked(_ index: Int, _ scored: Shape) -> (x: Graph.ValueID, mask: Graph.ValueID)? {
    let node = graph.nodes[index]
    guard case .add = node.operation, let a = node[Add.Input.a], let b = node[Add.Input.b], isFloat(a), isFloat(b)
    else { return nil }
    for (x, mask) in [(a, b), (b, a)] where readers[x] == index && shape(x) == scored {
      if let place = producers[x], product(place) != nil || scaled(place) != nil, shape(mask).rank >= 2,
        shape(mask).extents.last == scored.extents.last
      {
        return (x, mask)
      }
    }
    return nil
  }

  private func picked(_ node: Graph.Node, _ position: Int) -> [PickedAxis]? {
    let inputs = node.inputs.map { input -> Fact? in input.map { self.facts[$0] } }
    return node.operation.pickedAxes(inputs, position: position)
  }

  /// The value's elements where the first of the values that they are only picked out of has them, if that view is wanted.
  private func strided(_ id: Graph.ValueID, _ isWanted: (StridedView) -> Bool) -> StridedView {
    let view = view(id, 0)
    return isWanted(view) ? view : StridedView(id, shape(id))
  }

  private static let longestWalk = 16

  private func view(_ id: Graph.ValueID, _ depth: Int) -> StridedView {
    let own = StridedView(id, shape(id))
    guard depth < AttentionSearch.longestWalk, let maker = producers[id] else { return own }
    let node = graph.nodes[maker]
    if let scaled = scaled(maker) {
      let inner = view(scaled.x, depth + 1)
      inner.factor *= scaled.factor
      return inner
    }
    guard let x = node.firstInput, isFloat(x), !isConstant[x], let position = node.outputs.firstIndex(of: id) else {
      return own
    }
    if case .dropout = node.operation { return own }
    let inner = view(x, depth + 1)
    if node.operation.movement == .view { return inner.reshaped(shape(id)) ?? own }
    guard let axes = picked(node, position) else { return own }
    return inner.picked(axes, shape(id)) ?? own
  }
}
