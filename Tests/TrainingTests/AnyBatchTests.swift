import Foundation
import Inference
import ModelGraph
import ONNXFormat
import TestSupport
import Testing
import Training

/// Networks with a fixed batch size, trained with it and saved for any batch size. tools/compare_batches.py does the
/// same with onnxruntime.
@Suite struct AnyBatchTests {
  /// The operators between a body `[n, 8, 4, 4]` and a Gemm of 128 inputs.
  enum Shaping: String, CaseIterable {
    /// `x.view(x.size(0), -1)`, as traced.
    case view
    /// ShuffleNet's two Reshapes around a Transpose, each with the batch size taken from the input.
    case shuffle
    /// The same with constants.
    case fixed
    case fixedZeroAllowed
    case flattened
  }

  private func graph(_ shaping: Shaping, batch: Int = 1) throws -> Graph {
    var sketch = Sketch()
    let isFixed = shaping == .fixed || shaping == .fixedZeroAllowed
    let first = isFixed ? Dimension.fixed(batch) : .symbol("N")
    let x = sketch.graph.addInput("input", Declaration(.float32, [first, .fixed(3), .fixed(4), .fixed(4)]))
    let y = sketch.op("relu", .relu(Relu()), [try sketch.norm("bn", try sketch.conv("c", x, [8, 3, 3, 3], pad: 1), 8)])
    func ints(_ name: String, _ numbers: [Int64]) throws -> Graph.ValueID {
      sketch.graph.addConstant(name, try Tensor([numbers.count], numbers))
    }
    func shape(_ name: String, _ of: Graph.ValueID, _ rest: [Int64]) throws -> Graph.ValueID {
      guard !isFixed else { return try ints(name, [Int64(batch)] + rest) }
      let whole = sketch.op("\(name)_shape", .shape(ShapeOperator()), [of])
      let one = sketch.op("\(name)_size", .gather(Gather()), [whole, try ints("\(name)_zero", [0])])
      return sketch.op("\(name)_target", .concat(Concat(axis: 0)), [one, try ints("\(name)_rest", rest)])
    }
    let reshape = Operator.reshape(Reshape(allowzero: shaping == .fixedZeroAllowed))
    let flat: Graph.ValueID
    switch shaping {
    case .flattened: flat = sketch.op("flat", .flatten(Flatten()), [y])
    case .view: flat = sketch.op("flat", reshape, [y, try shape("flat", y, [-1])])
    default:
      let parts = sketch.op("split", reshape, [y, try shape("split", y, [2, 4, 4, 4])])
      let swapped = sketch.op("swap", .transpose(Transpose(perm: [0, 2, 1, 3, 4])), [parts])
      let whole = sketch.op("join", reshape, [swapped, try shape("join", y, [8, 4, 4])])
      flat = sketch.op("flat", reshape, [whole, try shape("flat", y, [-1])])
    }
    sketch.graph.outputs = [try sketch.linear("fc", flat, from: 128, to: 2)]
    return sketch.graph
  }

  /// The batch made symbolic as in the lab.
  private func free(_ graph: Graph, _ batch: Int) throws -> Graph {
    var graph = graph
    graph.values[graph.inputs[0]].declaration = Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(4), .fixed(4)])
    try graph.freeBatch(batch, inputShape: [batch, 3, 4, 4])
    try graph.checkAnyBatch([1, 3, 4, 4], classes: 2)
    return graph
  }

  @Test(arguments: Shaping.allCases, [1, 4]) func savedForAnyBatch(_ shaping: Shaping, _ batch: Int) throws {
    let graph = try free(try graph(shaping, batch: batch), batch)
    let network = try TrainingNetwork(graph, inputShape: [16, 3, 4, 4], threads: 1)
    let images = try Tensor.noise([16, 3, 4, 4], seed: 5)
    _ = try network.step(
      images: images, labels: (0..<16).map { $0 % 2 }, optimizer: .adamW(), rate: 1e-2, momentum: 0.9)
    let folder = try TemporaryFolder()
    let path = folder.path("trained.onnx")
    try ONNXFile.write(try network.graph(), to: path)
    let saved = try ONNXFile.read(path)
    let expected = try network.logits(images).array(of: Float.self)
    let pixels = images.array(of: Float.self)
    for count in [1, 3, 16] {
      let part = try Tensor([count, 3, 4, 4], Array(pixels.prefix(count * 48)))
      let wanted = try Tensor([count, 2], Array(expected.prefix(count * 2)))
      #expect(distance(try saved.evaluate([part])[0], wanted) < 1e-5, "\(count) pictures")
      let engine = try Engine(saved, inputShapes: [[count, 3, 4, 4]])
      #expect(distance(try engine.run([part])[0], wanted) < 1e-5, "\(count) pictures, in the engine")
    }
  }

  /// An epoch's last batch may be smaller than planned, in training and validation.
  @Test(arguments: Shaping.allCases) func smallerBatchesTrain(_ shaping: Shaping) throws {
    let network = try TrainingNetwork(free(try graph(shaping), 1), inputShape: [16, 3, 4, 4], threads: 1)
    let images = try Tensor.noise([16, 3, 4, 4], seed: 5)
    let whole = try network.logits(images).array(of: Float.self)
    func part(_ count: Int) throws -> Tensor {
      try Tensor([count, 3, 4, 4], Array(images.array(of: Float.self).prefix(count * 48)))
    }
    for count in [1, 2, 5] {
      let wanted = try Tensor([count, 2], Array(whole.prefix(count * 2)))
      #expect(distance(try network.logits(try part(count)), wanted) < 1e-5, "\(count) pictures")
    }
    for count in [1, 2, 5] {
      _ = try network.step(
        images: try part(count), labels: (0..<count).map { Int32($0 % 2) }, optimizer: .adamW(), rate: 0, momentum: 0.9)
    }
  }

  /// A graph with a symbolic batch is not changed.
  @Test func freeingChangesNothingElse() throws {
    let graph = try graph(.shuffle)
    #expect(try free(graph, 1).nodes.map { $0.inputs } == graph.nodes.map { $0.inputs })
  }

  @Test func aBatchThatIsHeldIsRefused() throws {
    var sketch = Sketch()
    let x = sketch.graph.addInput("input", Declaration(.float32, [4, 3, 4, 4]))
    let sum = sketch.op("held", .add(Add()), [x, try sketch.weights("four", [4, 3, 4, 4])])
    try sketch.head(sum, channels: 3, classes: 2)
    let graph = sketch.graph
    let error = #expect(throws: GraphError.self) { try free(graph, 4) }
    #expect(error?.message.contains("batches of 4 pictures") == true, "\(String(describing: error))")
    #expect(throws: GraphError.self) { try graph.checkAnyBatch([1, 3, 4, 4], classes: 2) }
  }

  /// A first extent that equals the batch size by chance.
  @Test func whatDoesNotCountPicturesIsLeft() throws {
    var sketch = Sketch()
    let x = sketch.graph.addInput("input", Declaration(.float32, [2, 3, 4, 4]))
    let flat = sketch.op("flat", .flatten(Flatten()), [x])
    let table = sketch.op(
      "table", .reshape(Reshape()),
      [try sketch.weights("w", [96]), sketch.graph.addConstant("t", try Tensor([2], [Int64(2), 48]))])
    sketch.graph.outputs = [sketch.op("out", .gemm(Gemm(transB: true)), [flat, table])]
    var graph = sketch.graph
    try graph.freeBatch(2, inputShape: [2, 3, 4, 4])
    #expect(graph.nodes.map { $0.inputs } == sketch.graph.nodes.map { $0.inputs })
  }

  /// Segmentation networks and detectors.
  @Test func scoresOfPlacesAreRefused() throws {
    var sketch = Sketch()
    let x = sketch.graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(4), .fixed(4)]))
    let map = try sketch.conv("c", x, [2, 3, 1, 1])
    sketch.graph.outputs = [map]
    let error = #expect(throws: GraphError.self) { try sketch.graph.checkScores([1, 3, 4, 4]) }
    #expect(error?.message.contains("[1, 2, 4, 4]") == true)
    sketch.graph.outputs = [sketch.op("pool", .globalAveragePool(GlobalAveragePool()), [map])]
    try sketch.graph.checkScores([1, 3, 4, 4])
  }

  // MARK: Final activations

  private func ending(_ classes: Int, _ operations: [Operator]) throws -> Graph {
    var sketch = Sketch()
    let x = sketch.graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(4), .fixed(4)]))
    try sketch.head(x, channels: 3, classes: classes)
    for (index, operation) in operations.enumerated() {
      sketch.graph.outputs = [sketch.op("end\(index)", operation, [sketch.graph.outputs[0]])]
    }
    return sketch.graph
  }

  @Test(arguments: [
    [Operator.softmax(Softmax())], [.logSoftmax(LogSoftmax())], [.sigmoid(Sigmoid())],
    [.softmax(Softmax()), .identity(Identity())], [.sigmoid(Sigmoid()), .flatten(Flatten())],
  ]) func probabilitiesGo(_ operations: [Operator]) throws {
    var graph = try ending(2, operations)
    let logits = try ending(2, [])
    try graph.endInLogits()
    let images = try Tensor.noise([2, 3, 4, 4], seed: 3)
    #expect(try graph.evaluate([images])[0].array(of: Float.self) == logits.evaluate([images])[0].array(of: Float.self))
    let replaced = try ending(1, operations).replacingHead(classes: 2, seed: 1)
    #expect(!replaced.nodes.contains { ["Softmax", "LogSoftmax", "Sigmoid"].contains($0.operation.name) })
    #expect(try replaced.evaluate([images])[0].shape == [2, 2])
  }

  /// A Sigmoid gate within the network is not a final activation.
  @Test func aSigmoidBeforeTheLastLayerStays() throws {
    var sketch = Sketch()
    let x = sketch.graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(4), .fixed(4)]))
    try sketch.head(sketch.op("gate", .sigmoid(Sigmoid()), [x]), channels: 3, classes: 2)
    var graph = sketch.graph
    try graph.endInLogits()
    #expect(graph.nodes.map { $0.operation.name } == sketch.graph.nodes.map { $0.operation.name })
    #expect(graph.nodes.map { $0.inputs } == sketch.graph.nodes.map { $0.inputs })
  }

  @Test func weightsThatAreNoNumbers() throws {
    var graph = try ending(2, [])
    try graph.checkWeights()
    _ = graph.addConstant("broken", try Tensor([2], [Float.nan, 1]))
    let error = #expect(throws: GraphError.self) { try graph.checkWeights() }
    #expect(error?.message.contains("broken") == true)
  }
}
