import ModelGraph

/// Finds which constants of a graph hold the number of pictures that the graph was made for, and by which others they are to
/// be replaced.
///
/// It applies the shape rules for `fixed` and for `other` pictures node by node and follows the extent that counts pictures.
/// Where a constant leaves several readings (`[197, 12, 64]` of heads or of pictures), it takes the likeliest, and goes back
/// to the next one if a later node then does not fit or would mix pictures.
struct BatchSearch {
  /// How a node follows the number of pictures.
  enum Option {
    /// By itself.
    case asItIs
    /// Input 1 of a Reshape or an Expand is to be this shape.
    case target([Int64])
    /// This axis of an Expand's result counts pictures: input 1 holds `fixed` there.
    case repeated(axis: Int)
    /// A Concat's inputs at these places have to be repeated along `axis`, for each picture.
    case grown(places: [Int], axis: Int)
    /// A Gather along axis 0 that picks the same elements of each picture: `indices` within one picture, whose `extent`
    /// elements follow each other along that axis. PyTorch writes `as_strided` of a flattened tensor so.
    case picked(indices: [Int64], extent: Int)
  }

  /// Where the pictures are within a value: along `axis`, each with `outer` times as many blocks as pictures. `[197 · N, 64]`
  /// made of `[197, N, 64]` has an outer factor of 197.
  private struct Place {
    var axis: Int
    var outer: Int
  }

  /// By node, for those that need a change.
  private(set) var changes: [Int: Option] = [:]
  /// For `other` pictures; nil for what does not lead to the first output.
  private(set) var facts: [Fact?]

  private let graph: Graph
  private let fixed: Int
  private let other: Int
  private let before: [Fact?]
  private var places: [Place?]
  /// Values that lead to the first output. What the others do with the batch does not matter.
  private let wanted: [Bool]

  /// Nodes that the search may visit, repetitions included.
  private static let mostVisits = 200_000

  /// - Parameter before: facts for `inputShape`, `[fixed, 3, height, width]`.
  /// - Throws: the first obstacle met, if no reading fits.
  init(_ graph: Graph, _ before: [Fact?], fixed: Int, inputShape: Shape) throws(GraphError) {
    self.graph = graph
    self.fixed = fixed
    other = fixed + 1
    self.before = before
    var wanted = [Bool](repeating: false, count: graph.values.count)
    if let output = graph.outputs.first { wanted[output] = true }
    var nodes: [Int] = []
    for (index, node) in graph.nodes.enumerated().reversed()
    where node.outputs.contains(where: { $0.map { wanted[$0] } ?? false }) {
      nodes.append(index)
      for case let input? in node.inputs { wanted[input] = true }
    }
    self.wanted = wanted
    facts = graph.values.map { $0.constant.map { Fact($0) } }
    places = [Place?](repeating: nil, count: graph.values.count)
    var shape = inputShape
    shape[0] = other
    for id in graph.inputs {
      facts[id] = Fact(graph.values[id].declaration?.type ?? .float32, shape)
      places[id] = Place(axis: 0, outer: 1)
    }
    try search(nodes.reversed())
  }

  private mutating func search(_ nodes: [Int]) throws(GraphError) {
    var open: [(position: Int, options: [Option])] = []
    var retried: Option?
    var obstacle: GraphError?
    var (position, visits) = (0, 0)
    while position < nodes.count {
      let index = nodes[position]
      visits += 1
      do {
        var option = retried
        if option == nil {
          var options = try options(index)
          option = options.removeFirst()
          if !options.isEmpty { open.append((position, options)) }
        }
        retried = nil
        try follow(index, option ?? .asItIs)
        position += 1
      } catch {
        let error = error.at(graph.nodes[index].place)
        obstacle = obstacle ?? error
        guard visits < BatchSearch.mostVisits, var last = open.popLast() else { throw obstacle ?? error }
        retried = last.options.removeFirst()
        position = last.position
        if !last.options.isEmpty { open.append(last) }
      }
    }
  }

  // MARK: One node

  /// The readings of a node, the likeliest first.
  private func options(_ index: Int) throws(GraphError) -> [Option] {
    let node = graph.nodes[index]
    switch node.operation {
    case .reshape(let reshape): return try reshapeOptions(node, reshape)
    case .expand: return expandOptions(node)
    case .concat(let concat): return try concatOptions(node, concat)
    case .gather(let gather): return gatherOptions(node, gather)
    default: return [.asItIs]
    }
  }

  private func reshapeOptions(_ node: Graph.Node, _ reshape: Reshape) throws(GraphError) -> [Option] {
    guard let x = node.firstInput, let y = node.firstOutput, let place = places[x], let old = before[x]?.shape,
      let result = before[y]?.shape, let target = fixedTarget(node), target.count == result.rank, result.count > 0
    else { return [.asItIs] }
    let position = old.extents[..<place.axis].reduce(1, *) * place.outer
    var ranked: [[Option]] = [[], [], []]
    var prefix = 1
    for (axis, extent) in result.extents.enumerated() {
      let outer = position / prefix
      if position % prefix == 0, extent % (outer * fixed) == 0 {
        let rank = outer > 1 ? 2 : extent == fixed ? 0 : 1
        ranked[rank].append(
          freed(target, axis, result, reshape, keeps: place.axis == axis && place.outer == outer ? old : nil))
      }
      prefix *= extent
    }
    let options = Array(ranked.joined())
    return options.isEmpty ? [.asItIs] : options
  }

  /// The target with a free extent at `axis`.
  ///
  /// - Parameter keeps: the input's shape, if the pictures stay where they are in it.
  private func freed(_ target: [Int64], _ axis: Int, _ result: Shape, _ reshape: Reshape, keeps: Shape?) -> Option {
    if target[axis] == -1 { return .asItIs }
    if !reshape.allowzero, let keeps, axis < keeps.rank, keeps[axis] == result[axis] {
      if target[axis] == 0 { return .asItIs }
      var target = target
      target[axis] = 0
      return .target(target)
    }
    // A shape may hold one -1; the other extents are those of one picture.
    var target = result.extents.map { Int64($0) }
    target[axis] = -1
    return .target(target)
  }

  private func expandOptions(_ node: Graph.Node) -> [Option] {
    guard let x = node.firstInput, let y = node.firstOutput, let old = before[x]?.shape, let result = before[y]?.shape,
      let target = fixedTarget(node)
    else { return [.asItIs] }
    if let place = places[x] {
      // Where the target is 1, the result is as large as the data.
      let axis = place.axis + target.count - old.rank
      guard target.indices.contains(axis), target[axis] == Int64(old[place.axis]), target[axis] != 1 else {
        return [.asItIs]
      }
      var target = target
      target[axis] = 1
      return [.target(target)]
    }
    let repeated = result.extents.indices.filter { axis in
      let own = axis + old.rank - result.rank
      return result[axis] == fixed && (own < 0 || old[own] == 1)
    }
    return [.asItIs] + repeated.map { Option.repeated(axis: $0) }
  }

  /// The pictures of a batch of one may be continued by a constant: a class token.
  private func concatOptions(_ node: Graph.Node, _ concat: Concat) throws(GraphError) -> [Option] {
    guard let y = node.firstOutput, let result = before[y]?.shape else { return [.asItIs] }
    let axes = Set(node.inputs.compactMap { $0.flatMap { places[$0]?.axis } })
    guard axes.count == 1, let axis = axes.first, axis != (try result.axis(concat.axis, of: Concat.name)) else {
      return [.asItIs]
    }
    let still = node.inputs.indices.filter { index in
      guard let input = node.inputs[index], places[input] == nil, let shape = before[input]?.shape else { return false }
      return shape[axis] == fixed && facts[input]?.shape == shape
    }
    return still.isEmpty || fixed > 1 ? [.asItIs] : [.grown(places: still, axis: axis)]
  }

  private func gatherOptions(_ node: Graph.Node, _ gather: Gather) -> [Option] {
    guard gather.axis == 0, let x = node[Gather.Input.data], let y = node.firstOutput, let place = places[x],
      place.axis == 0, place.outer == 1, let old = before[x]?.shape, let result = before[y]?.shape,
      let indices = fixedTarget(node), result.rank > 0, result[0] == fixed, !indices.isEmpty
    else { return [.asItIs] }
    let (extent, count) = (old[0] / fixed, indices.count / fixed)
    let one = indices[..<count].map { $0 < 0 ? $0 + Int64(old[0]) : $0 }
    let isRepeated = indices.indices.allSatisfy { position in
      let index = indices[position] < 0 ? indices[position] + Int64(old[0]) : indices[position]
      return index == one[position % count] + Int64(position / count * extent)
    }
    guard isRepeated, one.allSatisfy({ $0 >= 0 && $0 < Int64(extent) }) else { return [.asItIs] }
    return [.picked(indices: one, extent: extent)]
  }

  /// Input 1, if it is a constant that does not follow from the number of pictures.
  private func fixedTarget(_ node: Graph.Node) -> [Int64]? {
    guard let id = node[Reshape.Input.shape], let now = facts[id]?.constant, let then = before[id]?.constant,
      now.type == .int64, then.type == .int64
    else { return nil }
    let target = now.array(of: Int64.self)
    return target == then.array(of: Int64.self) ? target : nil
  }

  /// Computes the facts and places of the node's outputs under a reading.
  private mutating func follow(_ index: Int, _ option: Option) throws(GraphError) {
    var node = graph.nodes[index]
    let count = facts.count
    defer { facts.removeLast(facts.count - count) }
    func pretend(_ place: Int, _ fact: Fact) {
      node.inputs[place] = facts.count
      facts.append(fact)
    }
    changes[index] = option
    switch option {
    case .asItIs: changes[index] = nil
    case .target(let target): pretend(Expand.Input.shape.index, Fact(try Tensor([target.count], target)))
    case .repeated(let axis):
      var target = (fixedTarget(node) ?? [])
      target[axis] = Int64(other)
      pretend(Expand.Input.shape.index, Fact(try Tensor([target.count], target)))
    case .grown(let grown, let axis):
      for place in grown {
        guard let input = node.inputs[place], let fact = facts[input] else { continue }
        var shape = fact.shape
        shape[axis] = other
        pretend(place, Fact(fact.type, shape))
      }
    case .picked:
      guard let indices = node[Gather.Input.indices], let fact = facts[indices] else { break }
      var shape = fact.shape
      shape[0] = other
      pretend(Gather.Input.indices.index, Fact(fact.type, shape))
    }
    let results = try graph.infer(node, facts)
    let isBatched = graph.nodes[index].inputs.contains { $0.map { places[$0] != nil } ?? false }
    if isBatched { try checkApart(graph.nodes[index]) }
    for (output, fact) in zip(node.outputs, results) {
      guard let output, wanted[output], let old = before[output] else { continue }
      facts[output] = fact
      places[output] = try place(graph.nodes[index], old, fact, isBatched: isBatched)
    }
  }

  private func place(
    _ node: Graph.Node, _ old: Fact, _ new: Fact, isBatched: Bool
  ) throws(GraphError) -> Place? {
    let (old, new, constant) = (old.shape, new.shape, new.constant)
    guard old.rank == new.rank else { throw GraphError(.shapeMismatch, "its result is \(old) and \(new)") }
    let axes = old.extents.indices.filter { old[$0] != new[$0] }
    guard let axis = axes.first else {
      if isBatched, constant == nil, old.count > 0 {
        throw GraphError(.shapeMismatch, "its result \(old) does not grow with the number of pictures")
      }
      return nil
    }
    guard axes.count == 1, old[axis] * other == new[axis] * fixed else {
      throw GraphError(.shapeMismatch, "its result is \(old) for \(fixed) and \(new) for \(other)")
    }
    guard let x = node.inputs.compactMap({ $0 }).first(where: { places[$0] != nil }), let from = places[x],
      let shape = before[x]?.shape
    else { return Place(axis: axis, outer: 1) }
    guard node.operation.movement == .view else {
      return Place(axis: axis, outer: shape[from.axis] == old[axis] ? from.outer : 1)
    }
    let position = shape.extents[..<from.axis].reduce(1, *) * from.outer
    let prefix = old.extents[..<axis].reduce(1, *)
    guard position % prefix == 0, old[axis] % (position / prefix * fixed) == 0 else {
      throw GraphError(.shapeMismatch, "it reads the pictures of \(shape) in another order as \(old)")
    }
    return Place(axis: axis, outer: position / prefix)
  }

  /// Throws if the node computes along the axis that counts pictures, which its result's shape does not show.
  private func checkApart(_ node: Graph.Node) throws(GraphError) {
    guard let x = node.firstInput, let axis = places[x]?.axis, let rank = before[x]?.shape.rank else { return }
    func own(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
    func covers(_ softmax: SoftmaxAxis) -> Bool {
      own(softmax.axis) == axis || softmax.includesLaterAxes && own(softmax.axis) < axis
    }
    let mixes: Bool
    switch node.operation {
    case .softmax(let softmax): mixes = covers(softmax.axis)
    case .logSoftmax(let softmax): mixes = covers(softmax.axis)
    case .layerNormalization(let layer): mixes = own(layer.axis) <= axis
    case .lpNormalization(let norm): mixes = own(norm.axis) == axis
    default: mixes = false
    }
    if mixes { throw GraphError(.shapeMismatch, "it computes along the axis that counts pictures") }
  }
}
