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

  /// x · sigmoid(x), a factor per channel in both orders, and products with one value, of which some have no own step.
  @Test func products() throws {
    for swaps in [false, true] {
      var sketch = Sketch()
      let x = sketch.input([5, 3, 7, 6])
      let first = try sketch.conv("first", x, [20, 3, 3, 3], pad: 1, bias: true)
      let sigmoid = sketch.op("sigmoid", .sigmoid(Sigmoid()), [first])
      let swish = sketch.op("swish", .mul(Mul()), swaps ? [sigmoid, first] : [first, sigmoid])
      let mean = sketch.op("mean", .globalAveragePool(GlobalAveragePool()), [swish])
      let gate = try sketch.conv("gate", mean, [20, 20, 1, 1], bias: true)
      let scaled = sketch.op("scaled", .mul(Mul()), swaps ? [gate, swish] : [swish, gate])
      let square = sketch.op("square", .mul(Mul()), [scaled, scaled])
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
    let cast = sketch.op(
      "rounded", .cast(Cast(to: .float32)), [y])
    try sketch.head(cast, channels: 4, classes: 2)
    let error = #expect(throws: GraphError.self) {
      try TrainingNetwork(sketch.graph, inputShape: [2, 3, 6, 6], threads: 1)
    }
    #expect(error?.message.contains("'rounded'") ?? false)
  }
}
