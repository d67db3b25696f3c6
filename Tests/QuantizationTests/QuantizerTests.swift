import Inference
import ModelGraph
import Passes
import Quantization
import TestSupport
import Testing

@Suite struct QuantizerTests {
  private let model: PreparedModel
  private let fitting: [CalibrationBatch]
  private let judging: [CalibrationBatch]

  init() throws {
    model = try PreparedModel(try SmallResidualNet(seed: 5).graph, inputShape: [4, 3, 20, 20])
    var noise = Noise(11)
    var batches: [CalibrationBatch] = []
    for count in [4, 4, 4, 3, 4, 2] {
      let images = try noise.tensor([count, 3, 20, 20], scale: 2, offset: 0.3)
      batches.append(try CalibrationBatch(images, labels: [Int](repeating: 0, count: count), size: 4))
    }
    (fitting, judging) = (Array(batches[..<4]), Array(batches[4...]))
  }

  private func quantised(_ methods: [CalibrationMethod]) throws -> Quantizer.Result {
    try Quantizer(model, fitting: fitting, judging: judging, threads: 1) { _, _, _ in }.run(methods)
  }

  @Test func preparingLeavesTheMeaningAlone() throws {
    let original = try SmallResidualNet(seed: 5).graph
    let images = fitting[0].images
    let (a, b) = (try original.evaluate([images])[0], try model.graph.evaluate([images])[0])
    for (x, y) in zip(a.array(of: Float.self), b.array(of: Float.self)) { #expect(abs(x - y) < 1e-4) }
  }

  /// The field program runs the written graph without a float step, close to the float model.
  @Test func everyStepIsOnIntegers() throws {
    let result = try quantised(CalibrationMethod.allCases)
    #expect(!result.recipe.floatStem && !result.recipe.floatHead)
    var graph = result.graph
    try PassPipeline.optimize(&graph)
    let engine = try Engine(graph, inputShapes: [[4, 3, 20, 20]])
    let kernels = engine.profile.map { $0.kernel }
    #expect(!kernels.contains { $0 == "reference" || $0.hasPrefix("f32") }, "\(kernels)")
    // Quantize, six convolutions, two poolings, the head.
    #expect(kernels.count == 10, "\(kernels)")
    let images = judging[0].images
    let meant = try model.graph.evaluate([images])[0].array(of: Float.self)
    let written = try result.graph.evaluate([images])[0].array(of: Float.self)
    let found = try engine.run([images])[0].array(of: Float.self)
    let largest = meant.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(meant, written) { #expect(abs(a - b) < largest * 0.08) }
    for (a, b) in zip(written, found) { #expect(abs(a - b) < largest * 0.02) }
  }

  @Test func bothPoolingsOfAHeadAreOnIntegers() throws {
    let model = try PreparedModel(try SmallResidualNet(seed: 5, joins: true).graph, inputShape: [4, 3, 20, 20])
    let result = try Quantizer(model, fitting: fitting, judging: judging, threads: 1) { _, _, _ in }.run([.minmax])
    var graph = result.graph
    try PassPipeline.optimize(&graph)
    let engine = try Engine(graph, inputShapes: [[4, 3, 20, 20]])
    let kernels = engine.profile.map { $0.kernel }
    #expect(!kernels.contains { $0 == "reference" || $0.hasPrefix("f32") }, "\(kernels)")
    let images = judging[0].images
    let meant = try model.graph.evaluate([images])[0].array(of: Float.self)
    let largest = meant.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(meant, try engine.run([images])[0].array(of: Float.self)) { #expect(abs(a - b) < largest * 0.1) }
  }

  @Test func theBestTrialIsChosen() throws {
    let result = try quantised(CalibrationMethod.allCases)
    let int8 = result.trials.filter { !$0.recipe.floatStem && !$0.recipe.floatHead }
    let chosen = try #require(result.trials.first { $0.isChosen })
    #expect(chosen.recipe == result.recipe)
    #expect(result.trials.count { $0.isChosen } == 1)
    for trial in int8 {
      #expect(trial.agreeing <= chosen.agreeing + 1)
      #expect(trial.decibels <= chosen.decibels || trial.agreeing < chosen.agreeing)
    }
    #expect(Set(int8.map { $0.recipe.method }).count == CalibrationMethod.allCases.count)
    #expect(chosen.decibels > 20)
  }

  @Test func everyLayerIsMeasured() throws {
    let result = try quantised([.minmax])
    #expect(result.layers.count { $0.weights != nil } == 7 - 1, "the head's scores stay in float")
    for layer in result.layers {
      #expect(layer.rounding > 25, "\(layer)")
      #expect(layer.whole > 15, "\(layer)")
      #expect(layer.whole <= layer.rounding + 1, "\(layer)")
      if let weights = layer.weights { #expect(weights > 35, "\(layer)") }
    }
  }

  @Test func theSameComesOutTwice() throws {
    let (a, b) = (try quantised([.mse]), try quantised([.mse]))
    let images = judging[0].images
    let (x, y) = (try a.graph.evaluate([images])[0], try b.graph.evaluate([images])[0])
    #expect(x.array(of: Float.self) == y.array(of: Float.self))
  }

  /// One channel's weights are a thousand times another's, and one channel is all zeros with a bias.
  @Test func channelsOfAllSizesFit() throws {
    var graph = Graph(name: "channels")
    var noise = Noise(2)
    let x = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(6), .fixed(6)]))
    var weights = try noise.tensor([3, 3, 1, 1]).array(of: Float.self)
    for index in 0..<3 { (weights[index], weights[3 + index]) = (weights[index] * 1000, 0) }
    let w = graph.addConstant("w", try Tensor([3, 3, 1, 1], weights))
    let b = graph.addConstant("b", try Tensor([3], [Float(0), 50, -3]))
    let y = graph.add(try Operator(named: "Conv", inputCount: 3), "conv", [x, w, b])
    graph.outputs = [graph.add(try Operator(named: "Flatten"), "scores", [y])]
    let model = try PreparedModel(graph, inputShape: [4, 3, 6, 6])
    let batch = try CalibrationBatch(try noise.tensor([4, 3, 6, 6]), labels: [0, 0, 0, 0], size: 4)
    let result = try Quantizer(model, fitting: [batch], judging: [batch], threads: 1) { _, _, _ in }.run([.minmax])
    let (meant, found) = (try graph.evaluate([batch.images])[0], try result.graph.evaluate([batch.images])[0])
    let (a, c) = (meant.array(of: Float.self), found.array(of: Float.self))
    let largest = a.reduce(0) { max($0, abs($1)) }
    for (a, c) in zip(a, c) { #expect(abs(a - c) < largest * 0.02) }
  }

  @Test func aQuantisedModelIsRefused() throws {
    let graph = try quantised([.minmax]).graph
    #expect(throws: QuantizationError.self) { _ = try PreparedModel(graph, inputShape: [4, 3, 20, 20]) }
  }

  @Test func nothingToQuantiseIsRefused() throws {
    var graph = Graph(name: "none")
    let x = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(6), .fixed(6)]))
    graph.outputs = [graph.add(try Operator(named: "GlobalAveragePool"), "scores", [x])]
    #expect(throws: QuantizationError.self) { _ = try PreparedModel(graph, inputShape: [1, 3, 6, 6]) }
  }

  @Test func theReportNamesEveryLayer() throws {
    let result = try quantised([.minmax, .mse])
    let comparison = QuantizationComparison(
      what: "21 pictures", pictures: 21, floatCorrect: 20, quantisedCorrect: 19,
      differences: [
        QuantizationComparison.Difference(
          path: "cells/<b>.png", actual: "one", float: ("one", 0.6), quantised: ("two", 0.51), picture: [1, 2, 3])
      ])
    let report = QuantizationReport(
      title: "small & <quick>", result: result, comparison: comparison, positive: "positive class: x (--positive)",
      floatBytes: 1000, quantisedBytes: 260)
    for layer in result.layers {
      #expect(report.text.contains(layer.name))
      #expect(report.page.contains(layer.name))
    }
    #expect(report.text.contains("95.24 % correct"))
    #expect(report.text.contains("one 60.0 %, int8 two 51.0 %"))
    #expect(report.page.contains("small &amp; &lt;quick&gt;"))
    #expect(!report.page.contains("<b>"))
    #expect(report.page.contains("data:image/png;base64,AQID"))
  }
}
