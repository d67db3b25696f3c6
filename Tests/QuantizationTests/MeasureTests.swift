import Inference
import ModelGraph
import Passes
import Quantization
import TestSupport
import Testing

/// Each measure against the loss of accuracy, alone.
@Suite struct MeasureTests {
  private let batches: [CalibrationBatch]
  private let shape: Shape = [4, 3, 16, 16]

  init() throws {
    var noise = Noise(7)
    var batches: [CalibrationBatch] = []
    for count in [4, 4, 4, 3, 4, 2] {
      let images = try noise.tensor([count, 3, 16, 16], scale: 2, offset: 0.3)
      batches.append(try CalibrationBatch(images, labels: [Int](repeating: 0, count: count), size: 4))
    }
    self.batches = batches
  }

  private func model(_ activation: String, gated: Bool = false) throws -> PreparedModel {
    try PreparedModel(try SmallInvertedNet(seed: 3, activation, gated: gated).graph, inputShape: shape)
  }

  private func quantizer(_ model: PreparedModel, without: Set<QuantizationMeasure> = []) -> Quantizer {
    Quantizer(
      model, fitting: Array(batches[..<4]), judging: Array(batches[4...]), without: without, threads: 1
    ) { _, _, _ in }
  }

  private func scores(_ graph: Graph, _ batch: CalibrationBatch) throws -> [Float] {
    try graph.evaluate([batch.images])[0].array(of: Float.self)
  }

  /// Signal-to-noise ratio of the scores of all pictures, as a plain ratio of powers.
  private func signalToNoise(_ graph: Graph, _ model: PreparedModel) throws -> Double {
    var (signal, noise) = (0.0, 0.0)
    for batch in batches {
      for (a, b) in zip(try scores(model.graph, batch), try scores(graph, batch)).prefix(batch.count * 3) {
        signal += Double(a * a)
        noise += Double((a - b) * (a - b))
      }
    }
    return signal / max(noise, 1e-30)
  }

  // MARK: Equalization

  /// Largest absolute value of each channel over the batches.
  private func ranges(_ graph: Graph, of name: String) throws -> [Float] {
    var graph = graph
    graph.outputs = [try #require(graph.values.firstIndex { $0.name == name })]
    var largest: [Float] = []
    for batch in batches {
      let tensor = try graph.evaluate([batch.images])[0]
      let (channels, area) = (tensor.shape[1], tensor.count / tensor.shape[0] / tensor.shape[1])
      if largest.isEmpty { largest = [Float](repeating: 0, count: channels) }
      let elements = tensor.array(of: Float.self)
      for index in 0..<(batch.count * channels * area) {
        largest[index / area % channels] = max(largest[index / area % channels], abs(elements[index]))
      }
    }
    return largest
  }

  @Test(arguments: [("Relu", false), ("Relu", true), ("Clip", false)])
  func equalizationLeavesTheFunctionAlone(_ activation: String, _ gated: Bool) throws {
    let model = try model(activation, gated: gated)
    let level = try #require(try Equalization.equalized(model, batches, threads: 1))
    var changed = 0
    for (old, new) in zip(model.graph.nodes, level.graph.nodes) where old.inputs != new.inputs { changed += 1 }
    #expect(changed >= 6, "only \(changed) nodes have other weights")
    for batch in batches {
      let (a, b) = (try scores(model.graph, batch), try scores(level.graph, batch))
      let largest = a.reduce(0) { max($0, abs($1)) }
      for (x, y) in zip(a, b).prefix(batch.count * 3) { #expect(abs(x - y) < largest * 2e-5) }
    }
  }

  /// Without bounds the function is the same for any picture, not only for those that were measured.
  @Test func equalizationIsExactForOtherPictures() throws {
    let model = try model("Relu")
    let level = try #require(try Equalization.equalized(model, Array(batches[..<1]), threads: 1))
    var noise = Noise(99)
    let images = try noise.tensor(shape, scale: 20)
    let a = try model.graph.evaluate([images])[0].array(of: Float.self)
    let b = try level.graph.evaluate([images])[0].array(of: Float.self)
    let largest = a.reduce(0) { max($0, abs($1)) }
    for (x, y) in zip(a, b) { #expect(abs(x - y) < largest * 2e-5) }
  }

  /// A depthwise convolution reads channels of equal ranges; under a Clip they fill most of it.
  @Test(arguments: ["Relu", "Clip"]) func channelsBeforeADepthwiseConvolutionAreLevel(_ activation: String) throws {
    let model = try model(activation)
    let level = try #require(try Equalization.equalized(model, batches, threads: 1))
    let node = try #require(model.graph.nodes.first { $0.name == "block0_depthwise" })
    let x = model.graph.values[try #require(node.inputs[0])].name
    let (before, after) = (try ranges(model.graph, of: x), try ranges(level.graph, of: x))
    let top = try #require(after.max())
    #expect(before.contains { $0 < 0.3 * (before.max() ?? 0) })
    // A channel that is almost always 0 grows by a limited factor.
    for (old, new) in zip(before, after) where old > top / 32 { #expect(new > 0.85 * top, "\(old) → \(new) of \(top)") }
    if activation == "Clip" { #expect(top <= 6) }
  }

  @Test func equalizationReducesTheNoise() throws {
    let model = try model("Relu")
    var recipe = Quantizer.Recipe(.minmax)
    let plain = try signalToNoise(try quantizer(model).graph(recipe), model)
    recipe.equalizes = true
    let level = try signalToNoise(try quantizer(model).graph(recipe), model)
    #expect(level > 1.3 * plain, "\(plain) → \(level)")
  }

  /// HardSwish does not commute with factors: nothing but a depthwise convolution's output before a projection could
  /// have any, and that is followed by one here too.
  @Test func functionsThatDoNotCommuteStopFactors() throws {
    let model = try model("HardSwish")
    let level = try Equalization.equalized(model, batches, threads: 1)
    #expect(level == nil)
  }

  // MARK: Biases

  /// One weight of each channel is so large that the others are rounded coarsely. All inputs of a product behind a Relu are
  /// positive, so the errors do not cancel.
  @Test(arguments: ["Relu", "Clip", "HardSwish"]) func correctedBiasesLeaveNoMeanError(_ activation: String) throws {
    var net = try SmallInvertedNet(seed: 3, activation).graph
    for node in net.nodes where node.name.hasSuffix("expand") || node.name.hasSuffix("project") {
      guard let id = node.inputs[1], let weight = net.values[id].constant else { continue }
      var numbers = weight.array(of: Float.self)
      let step = numbers.count / weight.shape[0]
      for row in 0..<weight.shape[0] {
        let last = (row + 1) * step - 1
        numbers[last] = (numbers[(row * step)..<last].map { abs($0) }.max() ?? 0) * 30
      }
      net.values[id].constant = try Tensor(weight.shape, numbers)
    }
    let model = try PreparedModel(net, inputShape: shape)
    func meanErrors(_ recipe: Quantizer.Recipe) throws -> [Float] {
      let graph = try quantizer(model).graph(recipe)
      var sums = [Float](repeating: 0, count: 3)
      var pictures = 0
      for batch in batches {
        let (a, b) = (try scores(model.graph, batch), try scores(graph, batch))
        for index in 0..<(batch.count * 3) { sums[index % 3] += b[index] - a[index] }
        pictures += batch.count
      }
      return sums.map { abs($0) / Float(pictures) }
    }
    var recipe = Quantizer.Recipe(.minmax)
    recipe.clipsWeights = false
    let before = try #require(try meanErrors(recipe).max())
    recipe.correctsBiases = true
    let after = try #require(try meanErrors(recipe).max())
    #expect(after < 0.2 * before, "\(before) → \(after)")
  }

  // MARK: Functions

  @Test(arguments: [("HardSwish", Float(-3)), ("Swish", -7)])
  func rangesEndWhereAFunctionIsConstant(_ activation: String, _ lowest: Float) throws {
    var net = try SmallInvertedNet(seed: 3, activation).graph
    // Numbers that go far below the bound.
    let bias = try #require(net.values.firstIndex { $0.name == "stem_b" })
    net.values[bias].constant = try Tensor([8], [Float](repeating: -30, count: 4) + [Float](repeating: 2, count: 4))
    let model = try PreparedModel(net, inputShape: shape)
    func stem(_ quantizer: Quantizer) throws -> LayerRecord {
      try #require(try quantizer.run([.minmax]).layers.first { $0.name == "stem" })
    }
    let layer = try stem(quantizer(model))
    #expect(layer.grid.low >= lowest - layer.grid.scale && layer.grid.low < lowest + layer.grid.scale, "\(layer)")
    let whole = try stem(quantizer(model, without: [.functionRanges]))
    #expect(whole.grid.low < 2 * lowest && whole.grid.scale > 1.5 * layer.grid.scale, "\(whole)")
  }

  // MARK: Squeeze and excitation

  @Test func gatesAreFloatWithInt8Weights() throws {
    let model = try model("HardSwish", gated: true)
    var recipe = Quantizer.Recipe(.minmax)
    let plain = try quantizer(model).graph(recipe)
    recipe.floatGates = true
    let graph = try quantizer(model).graph(recipe)
    func quantizations(_ graph: Graph) -> Int { graph.nodes.count { $0.operation.name == "QuantizeLinear" } }
    // Of each of two blocks: pooled values, both products, and the map that is pooled.
    #expect(quantizations(graph) <= quantizations(plain) - 6)
    let producers = graph.producers()
    for name in ["block0_fc1", "block0_fc2", "block1_fc1", "block1_fc2"] {
      let node = try #require(graph.nodes.first { $0.name == name })
      let weights = try #require(node.inputs[1].flatMap { producers[$0] })
      #expect(graph.nodes[weights].operation.name == "DequantizeLinear")
      let x = try #require(node.inputs[0].flatMap { producers[$0] })
      #expect(graph.nodes[x].operation.name != "DequantizeLinear")
    }
    var optimized = graph
    try PassPipeline.optimize(&optimized)
    let engine = try Engine(optimized, inputShapes: [shape])
    #expect(!engine.profile.contains { $0.kernel == "reference" }, "\(engine.profile.map { $0.kernel })")
    #expect(try signalToNoise(graph, model) > 0.9 * (try signalToNoise(plain, model)))
    // As training reads such a file.
    #expect(try signalToNoise(try graph.dequantized(), model) > 1000)
  }

  // MARK: Sensitive layers

  /// A channel thousands of times as large as the others leaves them no levels, and HardSwish lets no factor through.
  @Test func sensitiveLayersStayInFloat() throws {
    var net = try SmallInvertedNet(seed: 3, "HardSwish").graph
    let factors: [(String, Float)] = [
      ("block0_expand", 5000), ("block0_depthwise", 1 / 5000), ("block1_expand", 5000), ("block1_depthwise", 1 / 5000),
    ]
    for (name, factor) in factors {
      let node = try #require(net.nodes.first { $0.name == name })
      let id = try #require(node.inputs[1])
      let weight = try #require(net.values[id].constant)
      var numbers = weight.array(of: Float.self)
      for index in 0..<(numbers.count / weight.shape[0]) { numbers[index] *= factor }
      net.values[id].constant = try Tensor(weight.shape, numbers)
    }
    let head = try #require(net.values.firstIndex { $0.name == "head_b" })
    let plain = try PreparedModel(net, inputShape: shape)
    // Scores about which little decides.
    let scores = try batches.flatMap { Array(try self.scores(plain.graph, $0).prefix($0.count * 3)) }
    let means = (0..<3).map { column in
      stride(from: column, to: scores.count, by: 3).reduce(Float(0)) { $0 + scores[$1] } / Float(scores.count / 3)
    }
    let old = try #require(net.values[head].constant?.array(of: Float.self))
    net.values[head].constant = try Tensor([3], zip(old, means).map { $0 - $1 })
    let model = try PreparedModel(net, inputShape: shape)
    func run(_ without: Set<QuantizationMeasure>) throws -> Quantizer.Result {
      try Quantizer(model, fitting: batches, judging: batches, without: without, threads: 1) { _, _, _ in }.run([
        .minmax
      ])
    }
    let with = try run([])
    let without = try run([.floatLayers])
    #expect(without.recipe.floatLayers.isEmpty)
    let names = with.recipe.floatLayers.map { model.graph.nodes[$0].name }
    #expect(
      ["block0", "block1"].contains { names.contains("\($0)_expand") && names.contains("\($0)_depthwise") }, "\(names)")
    let (a, b) = (try #require(with.trials.first { $0.isChosen }), try #require(without.trials.first { $0.isChosen }))
    #expect(a.agreeing > b.agreeing && a.decibels > b.decibels + 3, "\(b) → \(a)")
  }

  // MARK: Choosing

  @Test func measuresCanBeLeftOut() throws {
    let model = try model("Relu", gated: true)
    let all = try quantizer(model).run([.minmax])
    let none = try quantizer(model, without: Set(QuantizationMeasure.allCases)).run([.minmax])
    #expect(none.trials.count == 1)
    #expect(!none.recipe.equalizes && !none.recipe.clipsWeights && !none.recipe.correctsBiases)
    #expect(all.trials.contains { $0.recipe.equalizes } && all.trials.contains { $0.recipe.floatGates })
    let chosen = try #require(all.trials.first { $0.isChosen })
    #expect(chosen.decibels >= none.trials[0].decibels)
  }

  // MARK: Transformers

  /// Normalisation → MatMul → Add → Gelu → MatMul → Add → residual sum, of `[N, tokens, channels]`.
  private func transformer() throws -> Graph {
    var noise = Noise(21)
    var graph = Graph(name: "transformer")
    let x = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(6), .fixed(16)]))
    let scale = graph.addConstant("norm_scale", try noise.tensor([16], scale: 0.3, offset: 1))
    let shift = graph.addConstant("norm_shift", try noise.tensor([16], scale: 0.2))
    var y = graph.add(try Operator(named: "LayerNormalization", inputCount: 3), "norm", [x, scale, shift])
    for (name, from, to) in [("fc1", 16, 32), ("fc2", 32, 16)] {
      let w = graph.addConstant("\(name)_w", try noise.tensor([from, to], scale: 0.4))
      let b = graph.addConstant("\(name)_b", try noise.tensor([to], scale: 0.3))
      y = graph.add(try Operator(named: "MatMul", inputCount: 2), name, [y, w])
      y = graph.add(try Operator(named: "Add", inputCount: 2), "\(name)_add", [b, y])
      if name == "fc1" { y = graph.add(try Operator(named: "Gelu", inputCount: 1), "gelu", [y]) }
    }
    y = graph.add(try Operator(named: "Add", inputCount: 2), "residual", [x, y])
    y = graph.add(
      try Operator(named: "ReduceMean", inputCount: 2, [.int("keepdims", 0)]), "mean",
      [y, graph.addConstant("axes", try Tensor([1], [Int64(1)]))])
    graph.outputs = [y]
    return graph
  }

  @Test func productsOfTokensAreIntegers() throws {
    let graph = try transformer()
    let model = try PreparedModel(graph, inputShape: [4, 6, 16])
    var noise = Noise(5)
    let batches = try [4, 4, 2].map { count in
      try CalibrationBatch(
        try noise.tensor([count, 6, 16], scale: 2), labels: [Int](repeating: 0, count: count), size: 4)
    }
    // Another batch than the one that it was prepared for.
    let images = try noise.tensor([3, 6, 16])
    let (a, b) = (try graph.evaluate([images])[0], try model.graph.evaluate([images])[0])
    for (x, y) in zip(a.array(of: Float.self), b.array(of: Float.self)) { #expect(abs(x - y) < 1e-5) }
    let quantizer = Quantizer(model, fitting: Array(batches[..<2]), judging: [batches[2]], threads: 1) { _, _, _ in }
    let result = try quantizer.run([.minmax])
    // The inputs of both products; nothing else.
    #expect(result.graph.nodes.count { $0.operation.name == "QuantizeLinear" } == 4)
    var optimized = result.graph
    try PassPipeline.optimize(&optimized)
    let engine = try Engine(optimized, inputShapes: [[4, 6, 16]])
    let kernels = engine.profile.map { $0.kernel }
    #expect(!kernels.contains { $0 == "reference" || $0.hasPrefix("f32_igemm") }, "\(kernels)")
    let (meant, found) = (try scores(graph, batches[0]), try engine.run([batches[0].images])[0].array(of: Float.self))
    let largest = meant.reduce(0) { max($0, abs($1)) }
    for (x, y) in zip(meant, found) { #expect(abs(x - y) < 0.03 * largest) }
  }
}
