import ModelGraph
import Testing
import Training

@Suite struct ArchitectureTests {
  /// torchvision's parameter counts for 1000 classes.
  static let parameters: [(ResNetArchitecture, Int)] = [
    (.resnet18, 11_689_512), (.resnet34, 21_797_672), (.resnet50, 25_557_032), (.resnet101, 44_549_160),
    (.resnet152, 60_192_808),
  ]

  @Test(arguments: parameters) func parameterCountsAreTorchvisions(_ network: ResNetArchitecture, _ count: Int) throws {
    let graph = try network.graph(classes: 1000, inputSize: (224, 224), seed: 1)
    #expect(graph.parameterCount == count)
    let facts = try graph.infer()
    #expect(facts[graph.outputs[0]]?.shape == [1, 1000])
    #expect(graph.values[graph.outputs[0]].name == "logits")
  }

  /// torchvision's figures are 1.81, 3.66, 4.09 G.
  @Test func multiplyAddsAreTorchvisions() throws {
    for (network, expected) in [(ResNetArchitecture.resnet18, 1.81), (.resnet34, 3.66), (.resnet50, 4.09)] {
      let graph = try network.graph(classes: 1000, inputSize: (224, 224), seed: 1)
      let facts = try graph.infer()
      let total = graph.nodes.reduce(0) { $0 + graph.cost(of: $1, facts).multiplyAdds }
      #expect(abs(Double(total) / 1e9 - expected) < 0.01)
    }
  }

  @Test func namesAreTorchvisions() throws {
    let graph = try ResNetArchitecture.resnet50.graph(classes: 2, inputSize: (64, 64), seed: 1)
    let constants = Set(graph.values.filter { $0.constant != nil }.map { $0.name })
    for name in [
      "conv1.weight", "bn1.running_mean", "layer1.0.downsample.0.weight", "layer1.0.downsample.1.running_var",
      "layer4.2.conv3.weight", "layer4.2.bn3.bias", "fc.weight", "fc.bias",
    ] { #expect(constants.contains(name), "\(name)") }
    #expect(constants.count == 53 + 53 * 4 + 2)
    #expect(Set(graph.values.map { $0.name }).count == graph.values.count)
  }

  @Test func weightsFollowTheSeed() throws {
    func weights(_ seed: UInt64, _ head: ResNetArchitecture.Head) throws -> [Float] {
      let graph = try ResNetArchitecture.resnet18.graph(classes: 2, head: head, inputSize: (64, 64), seed: seed)
      let value = try #require(graph.values.first { $0.name == "layer4.1.conv2.weight" })
      return try #require(value.constant).array()
    }
    let first = try weights(1, .linear)
    #expect(try weights(1, .fastai) == first)
    #expect(try weights(2, .linear) != first)
    let variance = first.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(first.count)
    #expect(abs(variance * 9 * 512 / 2 - 1) < 0.01)
  }

  @Test func fastaiHeadRuns() throws {
    let graph = try ResNetArchitecture.resnet18.graph(classes: 3, head: .fastai, inputSize: (32, 32), seed: 1)
    let logits = try graph.evaluate([try Tensor(zeros: [2, 3, 32, 32])])
    #expect(logits[0].shape == [2, 3])
    // The body's count plus that of fastai's create_head: two normalisations and two Gemms without bias.
    #expect(graph.parameterCount == 11_689_512 - 513_000 + 2 * 1024 + 1024 * 512 + 2 * 512 + 512 * 3)
  }

  @Test func headIsReplaced() throws {
    for head in ResNetArchitecture.Head.allCases {
      let graph = try ResNetArchitecture.resnet18.graph(classes: 10, head: head, inputSize: (32, 32), seed: 1)
      let replaced = try graph.replacingHead(classes: 3, seed: 2)
      #expect(try replaced.infer()[replaced.outputs[0]]?.shape == [1, 3])
      #expect(replaced.nodes.count == graph.nodes.count)
      #expect(replaced.values[replaced.outputs[0]].declaration?.dimensions == [.symbol("N"), .fixed(3)])
    }
  }

  @Test func headOfMatMulAndSoftmaxIsReplaced() throws {
    var graph = Graph(name: "other")
    let x = graph.addInput("x", Declaration(.float32, [.symbol("batch"), .fixed(4)]))
    let w = graph.addConstant("w", try Tensor(zeros: [4, 7]))
    let b = graph.addConstant("b", try Tensor(zeros: [7]))
    let product = graph.add(try Operator(named: "MatMul"), "product", [x, w])
    let sum = graph.add(try Operator(named: "Add"), "sum", [product, b])
    graph.outputs = [graph.add(try Operator(named: "Softmax"), "softmax", [sum])]
    let replaced = try graph.replacingHead(classes: 2, seed: 1)
    #expect(replaced.nodes.map { $0.operation.name } == ["MatMul", "Add"])
    #expect(replaced.values[replaced.outputs[0]].name == "logits")
    #expect(try replaced.evaluate([try Tensor(zeros: [3, 4])])[0].shape == [3, 2])
  }

  @Test func headOfAPointwiseConvIsReplaced() throws {
    var graph = Graph(name: "squeeze")
    let x = graph.addInput("x", Declaration(.float32, [1, 4, 5, 5]))
    let w = graph.addConstant("w", try Tensor(zeros: [7, 4, 1, 1]))
    let conv = graph.add(try Operator(named: "Conv"), "conv", [x, w])
    let pooled = graph.add(try Operator(named: "GlobalAveragePool"), "pool", [conv])
    graph.outputs = [graph.add(try Operator(named: "Flatten"), "flat", [pooled])]
    let replaced = try graph.replacingHead(classes: 2, seed: 1)
    #expect(try replaced.evaluate([try Tensor(zeros: [1, 4, 5, 5])])[0].shape == [1, 2])
  }

  @Test func noHeadIsAClearError() throws {
    var graph = Graph(name: "none")
    let x = graph.addInput("x", Declaration(.float32, [1, 4]))
    graph.outputs = [graph.add(try Operator(named: "Relu"), "relu", [x])]
    #expect(throws: GraphError.self) { try graph.replacingHead(classes: 2, seed: 1) }
  }
}
