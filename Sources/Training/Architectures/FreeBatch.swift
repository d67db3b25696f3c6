import Inference
import ModelGraph

extension Graph {
  /// Lets a model that was exported for exactly `fixed` pictures take any number. Constants that hold the number of pictures
  /// are replaced: the shape of a Reshape or an Expand, a constant that is concatenated to one picture (a class token), and
  /// the places that a Gather takes of all pictures' elements. Nothing else changes.
  ///
  /// - Parameter inputShape: `[fixed, 3, height, width]`.
  /// - Returns: how many nodes were changed.
  /// - Throws: naming the node, if a node depends on the number of pictures in another way.
  @discardableResult
  public mutating func freeBatch(_ fixed: Int, inputShape: Shape) throws(GraphError) -> Int {
    try nameCastTypes(inputShape)
    let before = try infer([inputShape])
    let search = try batchSearch(fixed, inputShape, before)
    guard !search.changes.isEmpty else { return 0 }
    var added: [Node] = []
    /// `[N]`, made where it is needed first.
    var pictures: ValueID?
    func extents(_ shape: Shape, _ axis: Int, _ name: String) throws(GraphError) -> ValueID {
      if pictures == nil {
        let id = addValue(freshName("pictures"))
        added.append(
          Node(values[id].name, .shape(ShapeOperator(start: 0, end: 1)), inputs: [inputs[0]], outputs: [id]))
        pictures = id
      }
      let parts: [ValueID?] = [
        try ints(shape.extents[..<axis], name), pictures, try ints(shape.extents[(axis + 1)...], name),
      ]
      let id = addValue(freshName("\(name)/shape"))
      added.append(
        Node(values[id].name, .concat(Concat(axis: 0)), inputs: parts.filter { $0 != nil }, outputs: [id]))
      return id
    }
    var freed: [Node] = []
    for (index, node) in nodes.enumerated() {
      var node = node
      added = []
      switch search.changes[index] {
      case .target(let target):
        let name = node[Reshape.Input.shape].map { values[$0].name } ?? "shape"
        node[Reshape.Input.shape] = addFreshConstant(name, try Tensor([target.count], target))
      case .repeated(let axis):
        guard let y = node.firstOutput, let shape = before[y]?.shape else { break }
        node[Expand.Input.shape] = try extents(shape, axis, values[y].name)
      case .grown(let places, let axis):
        for place in places {
          guard let input = node.inputs[place], let shape = before[input]?.shape else { continue }
          let name = values[input].name
          let repeated = addValue(freshName("\(name)/repeated"))
          let target = try extents(shape, axis, name)
          added.append(
            Node(values[repeated].name, .expand(Expand()), inputs: [input, target], outputs: [repeated]))
          node.inputs[place] = repeated
        }
      case .picked(let indices, let extent):
        guard let x = node[Gather.Input.data], let shape = before[x]?.shape, let places = node[Gather.Input.indices],
          let picked = before[places]?.shape
        else { continue }
        // [N · extent, …] as [N, extent, …], of which the same places are taken for each picture.
        let target = [-1, Int64(extent)] + shape.extents[1...].map { Int64($0) }
        let name = values[x].name
        let apart = addValue(freshName("\(name)/pictures"))
        let form = addFreshConstant("\(name)/shape", try Tensor([target.count], target))
        added.append(Node(values[apart].name, .reshape(Reshape()), inputs: [x, form], outputs: [apart]))
        let one = addFreshConstant(values[places].name, try Tensor(Shape(Array(picked.extents[1...])), indices))
        node.operation = .gather(Gather(axis: 1))
        node.inputs = [apart, one]
      case .asItIs, nil: break
      }
      freed += added + [node]
    }
    nodes = freed
    return search.changes.count
  }

  /// Replaces every CastLike by a Cast: what lends its type may be the pictures, which the result then seems to depend on.
  mutating func nameCastTypes(_ inputShape: Shape) throws(GraphError) {
    guard nodes.contains(where: { $0.operation.name == CastLike.name }) else { return }
    let facts = try infer([inputShape])
    for (index, node) in nodes.enumerated() {
      guard case .castLike = node.operation, let target = node[CastLike.Input.target], let type = facts[target]?.type
      else { continue }
      nodes[index].operation = .cast(Cast(to: type))
      nodes[index].inputs = [node.firstInput]
    }
  }

  private mutating func ints(_ extents: ArraySlice<Int>, _ name: String) throws(GraphError) -> ValueID? {
    guard !extents.isEmpty else { return nil }
    return addFreshConstant("\(name)/extents", try Tensor([extents.count], extents.map { Int64($0) }))
  }

  private func batchSearch(_ fixed: Int, _ inputShape: Shape, _ before: [Fact?]) throws(GraphError) -> BatchSearch {
    do { return try BatchSearch(self, before, fixed: fixed, inputShape: inputShape) } catch {
      throw GraphError.fixedBatch(fixed, error)
    }
  }

  /// The same for a graph that is planned for one batch: the shapes of Expand stay constants, which steps reduce for a smaller
  /// batch.
  ///
  /// - Returns: facts for another batch size.
  mutating func freePlannedBatch(_ inputShape: Shape) throws(GraphError) -> [Fact?] {
    let search = try batchSearch(inputShape[0], inputShape, try infer([inputShape]))
    for (index, change) in search.changes {
      switch change {
      case .target(let target):
        nodes[index][Reshape.Input.shape] = addFreshConstant("shape", try Tensor([target.count], target))
      case .grown:
        throw GraphError.fixedBatch(
          inputShape[0],
          GraphError(.shapeMismatch, "a constant is concatenated to the picture").at(nodes[index].place))
      case .picked:
        throw GraphError.fixedBatch(
          inputShape[0],
          GraphError(.shapeMismatch, "it takes places of all pictures together").at(nodes[index].place))
      case .repeated, .asItIs: continue
      }
    }
    return search.facts
  }

  /// Proves that a freed graph treats each picture as the graph before it did: a batch twice as large has the results of
  /// both halves.
  ///
  /// - Parameters:
  ///   - original: made for exactly `inputShape[0]` pictures.
  ///   - threads: to run both with.
  /// - Throws: if a result differs, or a graph does not run.
  public func checkFreed(from original: Graph, inputShape: Shape, threads: Int) throws(GraphError) {
    var whole = inputShape
    whole[0] *= 2
    var state: UInt64 = 1
    var pixels = [Float](repeating: 0, count: whole.count)
    for index in pixels.indices {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // Each picture has more contrast than the one before it.
      pixels[index] = (Float(state >> 40) / Float(1 << 23) - 1) * Float(1 + index / (whole.count / whole[0]))
    }
    func scores(_ graph: Graph, _ shape: Shape, _ pixels: ArraySlice<Float>) throws(GraphError) -> [Float] {
      var graph = graph
      graph.outputs = Array(graph.outputs.prefix(1))
      graph.forgetTrainingMode()
      let engine = try Engine(graph, inputShapes: [shape], options: EngineOptions(threads: threads, exact: true))
      return try engine.run([try Tensor(shape, Array(pixels))])[0].array(of: Float.self)
    }
    let half = inputShape.count
    let apart =
      try scores(original, inputShape, pixels[..<half]) + scores(original, inputShape, pixels[half...])
    let together = try scores(self, whole, pixels[...])
    let largest = apart.reduce(0) { max($0, abs($1)) }
    guard apart.count == together.count,
      zip(apart, together).allSatisfy({ abs($0 - $1) <= 1e-3 * largest || $0.isNaN && $1.isNaN })
    else {
      throw GraphError.fixedBatch(inputShape[0], GraphError(.shapeMismatch, "pictures of a larger batch are mixed"))
    }
  }

  /// Checks that the first output holds class scores for whole pictures.
  ///
  /// - Throws: for networks that mark or segment places.
  public func checkScores(_ inputShape: Shape) throws(GraphError) {
    guard let output = outputs.first, let shape = try infer([inputShape])[output]?.shape else { return }
    guard shape.rank > 2, shape.extents[2...].contains(where: { $0 > 1 }) else { return }
    throw GraphError(
      .badInput,
      "output '\(values[output].name)' is \(shape): scores for each place in a picture, as a segmentation network or a "
        + "detector makes them. Only classifiers can be trained, whose output is [pictures, classes]")
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
