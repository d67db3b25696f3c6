import ModelGraph
import TestSupport
import Testing
import Training

/// Networks whose constants hold the batch in the ways of exported transformers, freed and trained with other batches.
/// tools/compare-gradients does the same with PyTorch's networks.
@Suite struct BatchSearchTests {
  enum Shaping: String, CaseIterable {
    /// A class token in front of the places, as a constant of a batch of one.
    case token
    /// The same, repeated by an Expand.
    case repeatedToken
    /// Attention with the pictures along axis 1, its heads joined with them, as PyTorch's MultiheadAttention exports it.
    case heads
    /// Windows joined with the pictures, as in Swin.
    case windows
    /// A normalisation of all places of all pictures, as in LeViT.
    case rows
    /// A constant that takes its type from the pictures, as torch.export writes it without optimisation.
    case lentType
    /// The elements of all pictures as one axis, and a Gather of each picture's: torch.export's `as_strided`.
    case strided
  }

  /// A convolution, 16 places of 8 channels, the shaping, and a Gemm.
  private func graph(_ shaping: Shaping, batch: Int) throws -> Graph {
    var sketch = Sketch()
    let x = sketch.graph.addInput(
      "input", Declaration(.float32, [.fixed(batch), .fixed(3), .fixed(4), .fixed(4)]))
    let body = try sketch.norm("bn", try sketch.conv("c", x, [8, 3, 3, 3], pad: 1), 8)
    var count = 0
    func name(_ kind: String) -> String {
      count += 1
      return "\(kind)\(count)"
    }
    func reshape(_ x: Graph.ValueID, _ extents: [Int]) throws -> Graph.ValueID {
      let shape = sketch.graph.addConstant(name("shape"), try Tensor([extents.count], extents.map { Int64($0) }))
      return sketch.op(name("reshape"), .reshape(Reshape()), [x, shape])
    }
    func transpose(_ x: Graph.ValueID, _ perm: [Int]) -> Graph.ValueID {
      sketch.op(name("transpose"), .transpose(Transpose(perm: perm)), [x])
    }
    func product(_ a: Graph.ValueID, _ b: Graph.ValueID) -> Graph.ValueID {
      sketch.op(name("product"), .matMul(MatMul()), [a, b])
    }
    func places() throws -> Graph.ValueID { transpose(try reshape(body, [batch, 8, 16]), [0, 2, 1]) }
    var features = 128
    let last: Graph.ValueID
    switch shaping {
    case .token, .repeatedToken:
      var token = try sketch.weights("token", [1, 1, 8])
      if shaping == .repeatedToken {
        let shape = sketch.graph.addConstant("repeats", try Tensor([3], [Int64(batch), 1, 1]))
        token = sketch.op("tokens", .expand(Expand()), [token, shape])
      }
      let all = sketch.op("all", .concat(Concat(axis: 1)), [token, try places()])
      last = try reshape(product(all, try sketch.weights("w", [8, 8])), [batch, -1])
      features = 136
    case .heads:
      let sequence = transpose(try places(), [1, 0, 2])
      let parts = transpose(try reshape(sequence, [16, 2 * batch, 4]), [1, 0, 2])
      let scores = sketch.op("scores", .softmax(Softmax()), [product(parts, transpose(parts, [0, 2, 1]))])
      let joined = try reshape(transpose(product(scores, parts), [1, 0, 2]), [16 * batch, 8])
      let projected = try sketch.linear("projection", joined, from: 8, to: 8)
      last = try reshape(transpose(try reshape(projected, [16, batch, 8]), [1, 0, 2]), [batch, 128])
    case .windows:
      let windows = transpose(try reshape(body, [batch, 8, 2, 2, 2, 2]), [0, 2, 4, 3, 5, 1])
      let rows = try reshape(windows, [4 * batch, 4, 8])
      let scores = sketch.op("scores", .softmax(Softmax()), [product(rows, transpose(rows, [0, 2, 1]))])
      let back = try reshape(product(scores, rows), [batch, 2, 2, 2, 2, 8])
      last = try reshape(transpose(back, [0, 1, 3, 2, 4, 5]), [batch, 128])
    case .rows:
      let rectified = sketch.op("rectified", .relu(Relu()), [try reshape(try places(), [16 * batch, 8])])
      let rows = product(rectified, try sketch.weights("w", [8, 8]))
      let normed = sketch.op("relu", .relu(Relu()), [try sketch.norm("rows", rows, 8)])
      last = try reshape(try reshape(normed, [batch, 16, 8]), [batch, -1])
    case .lentType:
      let constant = sketch.graph.addConstant("constant", try Tensor([8, 1, 1], (0..<8).map { Int64($0) }))
      let cast = sketch.op("cast", .castLike(CastLike()), [constant, x])
      last = try reshape(sketch.op("sum", .add(Add()), [body, cast]), [batch, 128])
    case .strided:
      // Every third element, round and round, in the last picture counted from the end.
      let places = (0..<batch * 128).map { index in
        let (picture, place) = (index / 128, index % 128 * 3 % 128)
        return Int64(picture == batch - 1 ? place - 128 : picture * 128 + place)
      }
      let indices = sketch.graph.addConstant("places", try Tensor([batch, 128], places))
      last = sketch.op("strided", .gather(Gather(axis: 0)), [try reshape(body, [-1]), indices])
    }
    sketch.graph.outputs = [try sketch.linear("fc", last, from: features, to: 2)]
    return sketch.graph
  }

  private func free(_ graph: Graph, _ batch: Int) throws -> Graph {
    var freed = graph
    freed.values[freed.inputs[0]].declaration = Declaration(
      .float32, [.symbol("N"), .fixed(3), .fixed(4), .fixed(4)])
    #expect(try freed.freeBatch(batch, inputShape: [batch, 3, 4, 4]) > 0)
    try freed.checkAnyBatch([1, 3, 4, 4], classes: 2)
    try freed.checkFreed(from: graph, inputShape: [batch, 3, 4, 4], threads: 1)
    return freed
  }

  private func part(_ images: Tensor, _ first: Int, _ count: Int) throws -> Tensor {
    try Tensor([count, 3, 4, 4], Array(images.array(of: Float.self)[first * 48..<(first + count) * 48]))
  }

  @Test(arguments: Shaping.allCases, [1, 2, 3]) func picturesStayApart(_ shaping: Shaping, _ batch: Int) throws {
    if shaping == .token, batch > 1 { return }  // A constant of one picture continues no batch of two.
    let original = try graph(shaping, batch: batch)
    let freed = try free(original, batch)
    let images = try Tensor.noise([2 * batch, 3, 4, 4], seed: 7)
    let together = try freed.evaluate([images])[0].array(of: Float.self)
    let apart = try [0, batch].flatMap { try original.evaluate([part(images, $0, batch)])[0].array(of: Float.self) }
    #expect(zip(together, apart).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test(arguments: Shaping.allCases) func trainsWithOtherBatches(_ shaping: Shaping) throws {
    let freed = try free(try graph(shaping, batch: 1), 1)
    let images = try Tensor.noise([5, 3, 4, 4], seed: 5)
    let network = try TrainingNetwork(freed, inputShape: [5, 3, 4, 4], threads: 2)
    for count in [5, 3, 1] {
      let some = try part(images, 0, count)
      #expect(distance(try network.logits(some), try freed.evaluate([some])[0]) < 1e-5, "\(count) pictures")
    }
    for count in [5, 2] {
      let some = try part(images, 0, count)
      let labels = (0..<count).map { $0 % 2 }
      let plain = try PlainBackward(freed, images: some, labels: labels)
      let found = try network.gradients(images: some, labels: labels.map { Int32($0) }).gradients
      for (name, gradient) in found {
        let value = try #require(freed.values.firstIndex { $0.name == name })
        let expected = try #require(plain.gradients[value])
        let scale = expected.doubles.reduce(1e-3) { max($0, abs($1)) }
        let apart = zip(gradient.doubles, expected.doubles).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
        #expect(apart < 2e-5, "\(name), \(count) pictures: \(apart)")
      }
      #expect(found.contains { $0.name == "c.weight" } && found.contains { $0.name == "fc.weight" })
    }
  }

  /// A Softmax over the pictures of a batch fits every batch and mixes the pictures.
  @Test func mixingIsRefused() throws {
    var sketch = Sketch()
    let x = sketch.graph.addInput("input", Declaration(.float32, [1, 3, 4, 4]))
    let mixed = sketch.op("mixed", .softmax(Softmax(SoftmaxAxis(0))), [x])
    try sketch.head(mixed, channels: 3, classes: 2)
    var graph = sketch.graph
    let error = #expect(throws: GraphError.self) { try graph.freeBatch(1, inputShape: [1, 3, 4, 4]) }
    #expect(error?.message.contains("mixed") == true, "\(String(describing: error))")
  }

  /// What the proof is for: a graph that was freed wrongly.
  @Test func aWrongGraphIsFound() throws {
    let original = try graph(.windows, batch: 1)
    let wrong = try free(original, 1).withScoresOfTheFirstPicture()
    #expect(throws: GraphError.self) {
      try wrong.checkFreed(from: original, inputShape: [1, 3, 4, 4], threads: 1)
    }
  }
}

extension Graph {
  /// The scores of the first picture for all pictures.
  fileprivate func withScoresOfTheFirstPicture() throws -> Graph {
    var graph = self
    let index = graph.addConstant("index", try Tensor(scalar: Int64(0)))
    let first = graph.add(.gather(Gather(axis: 0)), "first", [graph.outputs[0], index])
    let none = graph.add(.sub(Sub()), "none", [graph.outputs[0], graph.outputs[0]])
    graph.outputs = [graph.add(.add(Add()), "all", [none, first])]
    return graph
  }
}
