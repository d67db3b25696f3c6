import ModelGraph
import TestSupport
import Testing
import Training

@Suite struct ClassActivationTests {
  /// Conv 3 → 4, Relu, global mean, then BatchNormalization (optional) and Gemm.
  private func graph(normalized: Bool) throws -> (Graph, w: Tensor, scale: [Double]) {
    var graph = Graph(name: "small")
    let input = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(5), .fixed(6)]))
    let kernel = graph.addConstant("k", try .noise([4, 3, 1, 1], seed: 1))
    let conv = graph.add(.conv(Conv()), "conv", [input, kernel])
    let relu = graph.add(try Operator(named: "Relu"), "relu", [conv])
    let pooled = graph.add(try Operator(named: "GlobalAveragePool"), "pool", [relu])
    var flat = graph.add(try Operator(named: "Flatten"), "flat", [pooled])
    var scale = [1.0, 1, 1, 1]
    if normalized {
      let numbers: [(String, [Float])] = [
        ("gamma", [0.5, -2, 1, 3]), ("beta", [1, 2, 3, 4]), ("mean", [0.1, 0.2, 0.3, 0.4]), ("var", [4, 1, 0.25, 1]),
      ]
      let constants = try numbers.map { graph.addConstant($0, try Tensor([4], $1)) }
      flat = graph.add(.batchNormalization(BatchNormalization(epsilon: 0)), "norm", [flat] + constants)
      scale = [0.25, -2, 2, 3]
    }
    let w = try Tensor.noise([4, 2], seed: 2)
    let weights = graph.addConstant("w", w)
    let bias = graph.addConstant("b", try Tensor([2], [Float](repeating: 0, count: 2)))
    graph.outputs = [graph.add(try Operator(named: "Gemm"), "logits", [flat, weights, bias])]
    return (graph, w, scale)
  }

  /// After global pooling and a linear layer Grad-CAM equals CAM: Σ over channels of w · γ/σ · activation / pixels, cut
  /// at 0.
  @Test(arguments: [false, true])
  func behindALinearLayerItIsTheWeightedActivation(_ normalized: Bool) throws {
    let (graph, w, scale) = try graph(normalized: normalized)
    let network = try TrainingNetwork(graph, inputShape: [3, 3, 5, 6], threads: 2)
    let images = try Tensor.noise([2, 3, 5, 6], seed: 3)
    let before = try network.logits(images).doubles
    let maps = try network.classActivations(images, classes: [1, 0])
    #expect(maps.count == 2 && maps[0].rows == 5 && maps[0].columns == 6 && maps[0].isLast)
    #expect(try network.logits(images).doubles == before, "something learnt")
    let kernel = try Tensor.noise([4, 3, 1, 1], seed: 1).doubles
    let pixels = images.doubles
    for (image, label) in [1, 0].enumerated() {
      var expected = (0..<30).map { pixel -> Double in
        let sum = (0..<4).reduce(0.0) { sum, channel in
          let value = (0..<3).reduce(0.0) { $0 + kernel[channel * 3 + $1] * pixels[(image * 3 + $1) * 30 + pixel] }
          return sum + max(value, 0) * w.doubles[channel * 2 + label] * scale[channel]
        }
        return max(sum, 0)
      }
      let most = try #require(expected.max())
      if most > 0 { expected = expected.map { $0 / most } }
      for (a, b) in zip(maps[image].values, expected) { #expect(abs(Double(a) - b) < 1e-5) }
    }
  }

  @Test func ofAResNetAtTheWantedSize() throws {
    let graph = try Architecture.resnet18.graph(classes: 2, head: .fastai, inputSize: (64, 64), seed: 1)
    let network = try TrainingNetwork(graph, inputShape: [2, 3, 64, 64], threads: 2)
    let images = try Tensor.noise([1, 3, 64, 64], seed: 4)
    let last = try network.classActivations(images, classes: [1])
    #expect(last.map { $0.rows } == [2] && last[0].isLast)
    let finer = try network.classActivations(images, classes: [1], side: 7)
    #expect(finer.map { $0.rows } == [8] && !finer[0].isLast)
    #expect(finer[0].layer.contains("layer2.1"), "\(finer[0].layer) is not the end of a block")
    #expect(finer[0].values.allSatisfy { $0 >= 0 && $0 <= 1 })
    let deep = try Architecture.resnet50.graph(classes: 2, head: .linear, inputSize: (64, 64), seed: 1)
    let bottlenecks = try TrainingNetwork(deep, inputShape: [1, 3, 64, 64], threads: 2)
    let block = try bottlenecks.classActivations(images, classes: [1], side: 7)
    #expect(block[0].layer.contains("layer2.3") && block[0].rows == 8, "\(block[0].layer)")
    #expect(throws: TrainingError.self) { _ = try network.classActivations(images, classes: [2]) }
  }
}
