import Foundation
import ModelGraph
import TestSupport
import Testing
import Training

/// The training steps against the gradient rules: small networks, all parameters' gradients.
@Suite struct StepTests {
  /// Compares loss and gradients with the plain definitions, and the logits with the graph's evaluation.
  private func check(_ graph: Graph, _ shape: Shape, tolerance: Double = 2e-5) throws {
    let images = try Tensor.noise(shape, seed: 42)
    for threads in [1, 3] {
      let network = try TrainingNetwork(graph, inputShape: shape, threads: threads)
      let labels = (0..<shape[0]).map { $0 % network.classes }
      let before = try network.logits(images)
      #expect(distance(before, try graph.evaluate([images])[0]) < 1e-4)
      let plain = try PlainBackward(graph, images: images, labels: labels)
      let found = try network.gradients(images: images, labels: labels.map { Int32($0) })
      #expect(abs(Double(found.loss) - plain.loss) < tolerance / 2)
      #expect(!found.gradients.isEmpty)
      for (name, gradient) in found.gradients {
        let value = try #require(graph.values.firstIndex { $0.name == name })
        let expected = try #require(plain.gradients[value])
        // Relative to the gradient's own magnitude, which can be small.
        let scale = expected.doubles.reduce(1e-3) { max($0, abs($1)) }
        let apart = zip(gradient.doubles, expected.doubles).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
        #expect(apart < tolerance, "\(name), \(threads) threads: \(apart)")
      }
    }
  }

  /// A bound that a Clip leaves out is a finite one here too.
  @Test func clipCutsInfinities() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 1, 1, 1])
    let six = try Tensor(scalar: Float(6))
    let inputs = [[x], [x, nil, sketch.graph.addConstant("six", six)], [x, sketch.graph.addConstant("low", six)]]
    for inputs in inputs {
      var sketch = sketch
      try sketch.head(sketch.op("clip", .clip(Clip()), inputs), channels: 1, classes: 2)
      let images = try Tensor([2, 1, 1, 1], [Float.infinity, -.infinity])
      let expected = try sketch.graph.evaluate([images])[0]
      #expect(expected.doubles.allSatisfy { $0.isFinite })
      let network = try TrainingNetwork(sketch.graph, inputShape: [2, 1, 1, 1], threads: 1)
      #expect(distance(try network.logits(images), expected) < 1e-6)
    }
  }

  @Test(arguments: [
    (3, 5, 3, 1, 1, 1, 1), (3, 8, 7, 2, 3, 1, 1), (4, 17, 3, 2, 1, 1, 1), (16, 33, 3, 1, 1, 1, 1),
    (20, 16, 1, 1, 0, 1, 1), (20, 24, 1, 2, 0, 1, 1), (18, 6, 3, 1, 2, 2, 1), (6, 8, 3, 1, 1, 1, 2),
    (8, 8, 3, 2, 1, 1, 8), (8, 8, 5, 1, 2, 1, 8), (40, 64, 3, 3, 0, 1, 4), (1, 1, 3, 1, 1, 1, 1),
  ])
  func convolutions(
    _ from: Int, _ to: Int, _ kernel: Int, _ stride: Int, _ pad: Int, _ dilation: Int, _ group: Int
  ) throws {
    var sketch = Sketch()
    let x = sketch.input([5, 3, 9, 8])
    // Preceded by a convolution, so that its data gradient is needed.
    let first = try sketch.conv("first", x, [from, 3, 1, 1], bias: true)
    let y = try sketch.conv(
      "second", first, [to, from / group, kernel, kernel], stride: stride, pad: pad, dilation: dilation, group: group,
      bias: true)
    try sketch.head(y, channels: to, classes: 3)
    try check(sketch.graph, [5, 3, 9, 8])
  }

  /// x · sigmoid(x), the Sigmoid read once more or not, a factor per channel in both orders, and products with one value, of
  /// which some have no own step.
  @Test func products() throws {
    for (swaps, readsAgain) in [(false, false), (true, false), (true, true)] {
      var sketch = Sketch()
      let x = sketch.input([5, 3, 7, 6])
      let first = try sketch.conv("first", x, [20, 3, 3, 3], pad: 1, bias: true)
      let sigmoid = sketch.op("sigmoid", .sigmoid(Sigmoid()), [first])
      let swish = sketch.op("swish", .mul(Mul()), swaps ? [sigmoid, first] : [first, sigmoid])
      let mean = sketch.op("mean", .globalAveragePool(GlobalAveragePool()), [swish])
      let gate = try sketch.conv("gate", mean, [20, 20, 1, 1], bias: true)
      let scaled = sketch.op("scaled", .mul(Mul()), swaps ? [gate, swish] : [swish, gate])
      var square = sketch.op("square", .mul(Mul()), [scaled, scaled])
      if readsAgain { square = sketch.op("again", .add(Add()), [square, sigmoid]) }
      try sketch.head(square, channels: 20, classes: 3)
      try check(sketch.graph, [5, 3, 7, 6])
    }
  }

  /// More pixels than a block of the weight gradient, more channels than a slice of the forward kernel.
  @Test func largeConvolutions() throws {
    var wide = Sketch()
    let x = wide.input([2, 2, 21, 19])
    let first = try wide.conv("first", x, [300, 2, 3, 3], pad: 1)
    try wide.head(try wide.conv("second", first, [20, 300, 3, 3], pad: 1), channels: 20, classes: 2)
    try check(wide.graph, [2, 2, 21, 19])
  }

  /// Layers that use Winograd, with edge tiles, and with few filters or enough for panels.
  @Test(arguments: [(16, 16, 1), (17, 32, 0), (40, 48, 2), (31, 20, 1), (64, 33, 2), (208, 224, 1)])
  func winograd(_ from: Int, _ to: Int, _ pad: Int) throws {
    var sketch = Sketch()
    let x = sketch.input([3, 3, 11, 8])
    let first = try sketch.conv("first", x, [from, 3, 1, 1], bias: true)
    let second = try sketch.conv("second", first, [to, from, 3, 3], pad: pad, bias: true)
    // Read twice, so that gradients accumulate.
    let third = try sketch.conv("third", second, [8, to, 1, 1])
    let fourth = try sketch.conv("fourth", second, [8, to, 3, 3], pad: 1)
    try sketch.head(sketch.op("sum", .add(Add()), [third, fourth]), channels: 8, classes: 3)
    try check(sketch.graph, [3, 3, 11, 8], tolerance: 5e-5)
  }

  /// More tiles than one block of the weight gradient.
  @Test func winogradInBlocks() throws {
    var sketch = Sketch()
    let x = sketch.input([14, 3, 33, 30])
    let first = try sketch.conv("first", x, [16, 3, 1, 1], bias: true)
    try sketch.head(try sketch.conv("second", first, [16, 16, 3, 3], pad: 1), channels: 16, classes: 2)
    try check(sketch.graph, [14, 3, 33, 30], tolerance: 5e-5)
  }

  @Test func oneDimensionalConvolution() throws {
    var sketch = Sketch()
    let x = sketch.input([4, 3, 15])
    let first = try sketch.conv("first", x, [6, 3, 5], stride: 2, pad: 2)
    let norm = sketch.op("relu", .relu(Relu()), [try sketch.norm("bn", first, 6)])
    try sketch.head(try sketch.conv("second", norm, [4, 6, 3], pad: 1), channels: 4, classes: 2)
    try check(sketch.graph, [4, 3, 15])
  }

  /// BatchNormalization alone, before Relu, before Add, and before Add and Relu with both branches normalised.
  @Test func residualBlocks() throws {
    var sketch = Sketch()
    let x = sketch.input([6, 3, 10, 10])
    let stem = sketch.op(
      "r0", .relu(Relu()), [try sketch.norm("bn0", try sketch.conv("c0", x, [12, 3, 3, 3], stride: 2, pad: 1), 12)])
    let pool = sketch.op(
      "pool0", .maxPool(MaxPool(Window(kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1]))), [stem])
    let a = try sketch.norm("bn1", try sketch.conv("c1", pool, [12, 12, 3, 3], pad: 1), 12)
    let r1 = sketch.op("r1", .relu(Relu()), [sketch.op("add1", .add(Add()), [a, pool])])
    let b = try sketch.norm("bn2", try sketch.conv("c2", r1, [20, 12, 3, 3], stride: 2, pad: 1), 20)
    let down = try sketch.norm("bnd", try sketch.conv("cd", r1, [20, 12, 1, 1], stride: 2), 20)
    let r2 = sketch.op("r2", .relu(Relu()), [sketch.op("add2", .add(Add()), [b, down])])
    let c = try sketch.norm("bn3", try sketch.conv("c3", r2, [20, 20, 3, 3], pad: 1), 20)
    let bare = sketch.op("add3", .add(Add()), [r2, c])
    let d = try sketch.conv("c4", bare, [20, 20, 1, 1])
    let r3 = sketch.op("r3", .relu(Relu()), [sketch.op("add4", .add(Add()), [d, bare])])
    try sketch.head(r3, channels: 20, classes: 2)
    try check(sketch.graph, [6, 3, 10, 10], tolerance: 2e-4)
  }

  /// fastai's head without dropout, and operators that have only plain gradient rules.
  @Test func headsAndPlainOperators() throws {
    var sketch = Sketch()
    let x = sketch.input([6, 3, 8, 8])
    let features = sketch.op(
      "clip", .clip(Clip()),
      [
        try sketch.conv("c0", x, [10, 3, 3, 3], pad: 1),
        sketch.graph.addConstant("low", try Tensor(scalar: Float(-0.5))),
        sketch.graph.addConstant("high", try Tensor(scalar: Float(0.6))),
      ])
    let swish = sketch.op("swish", .hardSwish(HardSwish()), [features])
    let squeezed = sketch.op("squeeze", .globalAveragePool(GlobalAveragePool()), [swish])
    let gate = sketch.op("gate", .hardSigmoid(HardSigmoid()), [try sketch.conv("cg", squeezed, [10, 10, 1, 1])])
    let gated = sketch.op("gated", .mul(Mul()), [swish, gate])
    let average = sketch.op(
      "average", .averagePool(AveragePool(Window(kernel: [2, 2], strides: [2, 2]))), [gated])
    let leaky = sketch.op("leaky", .leakyRelu(LeakyRelu(alpha: 0.2)), [average])
    let elu = sketch.op("elu", .elu(Elu(alpha: 0.7)), [leaky])
    let most = sketch.op("most", .globalMaxPool(GlobalMaxPool()), [elu])
    let mean = sketch.op(
      "mean", .reduceMean(ReduceMean()), [leaky, sketch.graph.addConstant("axes", try Tensor([2], [Int64(2), 3]))])
    let both = sketch.op("both", .concat(Concat(axis: 1)), [most, mean])
    let flat = try sketch.norm("bn", sketch.op("flat", .flatten(Flatten()), [both]), 20)
    let hidden = sketch.op("sigmoid", .sigmoid(Sigmoid()), [try sketch.linear("fc1", flat, from: 20, to: 7)])
    sketch.graph.outputs = [
      sketch.op("fc2", .matMul(MatMul()), [hidden, try sketch.weights("fc2.weight", [7, 4])])
    ]
    try check(sketch.graph, [6, 3, 8, 8], tolerance: 1e-4)
  }

  /// A transformer's block over the pixels of a picture: attention of one head, then two layers with Gelu.
  @Test func transformerBlock() throws {
    var sketch = Sketch()
    let x = sketch.input([4, 3, 6, 4])
    let patches = try sketch.conv("patches", x, [8, 3, 2, 2], stride: 2, bias: true)
    let rows = sketch.op("rows", .reshape(Reshape()), [patches, try sketch.ints([0, 8, 6])])
    let tokens = sketch.op("tokens", .transpose(Transpose(perm: [0, 2, 1])), [rows])
    func norm(_ name: String, _ value: Graph.ValueID) throws -> Graph.ValueID {
      sketch.op(
        name, .layerNormalization(LayerNormalization()),
        [
          value, try sketch.weights("\(name).weight", [8], scale: 0.3, offset: 1),
          try sketch.weights("\(name).bias", [8]),
        ])
    }
    func linear(_ name: String, _ value: Graph.ValueID, _ from: Int, _ to: Int) throws -> Graph.ValueID {
      sketch.op(name, .matMul(MatMul()), [value, try sketch.weights("\(name).weight", [from, to])])
    }
    let normal = try norm("norm1", tokens)
    let keys = sketch.op("keys", .transpose(Transpose(perm: [0, 2, 1])), [try linear("k", normal, 8, 8)])
    let scores = sketch.op("scores", .matMul(MatMul()), [try linear("q", normal, 8, 8), keys])
    let mixed = sketch.op(
      "mixed", .matMul(MatMul()), [sketch.op("softmax", .softmax(Softmax()), [scores]), try linear("v", normal, 8, 8)])
    let first = sketch.op("first", .add(Add()), [tokens, mixed])
    let up = sketch.op(
      "biased", .add(Add()), [try sketch.weights("up.bias", [12]), try linear("up", try norm("norm2", first), 8, 12)])
    let hidden = sketch.op("gelu", .gelu(Gelu()), [up])
    let second = sketch.op("second", .add(Add()), [first, try linear("down", hidden, 12, 8)])
    let mean = sketch.op("mean", .reduceMean(ReduceMean(Reduction(keepsAxes: false))), [second, try sketch.ints([1])])
    sketch.graph.outputs = [try sketch.linear("fc", mean, from: 8, to: 3)]
    try check(sketch.graph, [4, 3, 6, 4], tolerance: 1e-4)
    let network = try TrainingNetwork(sketch.graph, inputShape: [4, 3, 6, 4], threads: 1)
    let names = Set(
      try network.gradients(images: try Tensor.noise([4, 3, 6, 4], seed: 1), labels: [0, 1, 2, 0]).gradients.map {
        $0.0
      })
    #expect(names.isSuperset(of: ["norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias", "up.weight", "up.bias"]))
  }

  /// A Split is trained as a Slice for each part; the part that nobody reads gets none.
  @Test func splitIsTrainedAsSlices() throws {
    let shape: Shape = [3, 2, 5, 4]
    let images = try Tensor.noise(shape, seed: 42)
    var losses: [Float] = []
    var gradients: [[String: [Double]]] = []
    for splits in [true, false] {
      var sketch = Sketch()
      let y = try sketch.conv("c0", sketch.input(shape), [9, 2, 3, 3], pad: 1)
      var parts: [Graph.ValueID] = []
      if splits {
        parts = ["a", "b", "unread"].map { sketch.graph.addValue($0) }
        sketch.graph.nodes.append(
          Graph.Node(
            "split", .split(SplitOperator(axis: 1)), inputs: [y, try sketch.ints([4, 4, 1])],
            outputs: [parts[0], parts[1], nil]))
      } else {
        for start in [Int64(0), 4] {
          parts.append(
            sketch.op(
              "part\(start)", .slice(Slice()),
              [y, try sketch.ints([start]), try sketch.ints([start + 4]), try sketch.ints([1])]))
        }
      }
      let gated = sketch.op("gated", .mul(Mul()), [parts[0], sketch.op("gate", .swish(Swish()), [parts[1]])])
      try sketch.head(gated, channels: 4, classes: 2)
      let network = try TrainingNetwork(sketch.graph, inputShape: shape, threads: 1)
      let found = try network.gradients(images: images, labels: [0, 1, 1])
      losses.append(found.loss)
      gradients.append(Dictionary(uniqueKeysWithValues: found.gradients.map { ($0.0, $0.1.doubles) }))
    }
    #expect(losses[0] == losses[1])
    #expect(gradients[0] == gradients[1])
    #expect(gradients[0]["c0.weight"]?.contains { $0 != 0 } ?? false)
  }

  @Test func flattenedPictures() throws {
    var sketch = Sketch()
    let x = sketch.input([3, 2, 5, 4])
    let y = sketch.op("relu", .relu(Relu()), [try sketch.conv("c0", x, [6, 2, 3, 3], pad: 1)])
    let flat = sketch.op("flat", .flatten(Flatten()), [y])
    sketch.graph.outputs = [try sketch.linear("fc", flat, from: 120, to: 3)]
    try check(sketch.graph, [3, 2, 5, 4])
  }

  /// Two convolutions that share one weight.
  @Test func sharedWeights() throws {
    var sketch = Sketch()
    let x = sketch.input([4, 3, 6, 6])
    let w = try sketch.weights("shared", [3, 3, 3, 3])
    let convolution = Operator.conv(Conv(Window(pads: [1, 1, 1, 1])))
    let once = sketch.op("once", convolution, [x, w])
    let twice = sketch.op("twice", convolution, [sketch.op("relu", .relu(Relu()), [once]), w])
    try sketch.head(twice, channels: 3, classes: 2)
    try check(sketch.graph, [4, 3, 6, 6])
  }

  @Test func refusesWhatCannotBeTrained() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3, 6, 6])
    let y = try sketch.conv("c0", x, [4, 3, 3, 3])
    try sketch.head(sketch.op("rounded", .round(Round()), [y]), channels: 4, classes: 2)
    let error = #expect(throws: GraphError.self) {
      try TrainingNetwork(sketch.graph, inputShape: [2, 3, 6, 6], threads: 1)
    }
    #expect(error?.message.contains("'rounded'") ?? false)
  }
}
