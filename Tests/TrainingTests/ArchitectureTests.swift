import ModelGraph
import TestSupport
import Testing
import Training

@Suite struct ArchitectureTests {
  /// torchvision's parameter counts for 1000 classes.
  static let parameters: [(Architecture, Int)] = [
    (.resnet18, 11_689_512), (.resnet34, 21_797_672), (.resnet50, 25_557_032), (.resnet101, 44_549_160),
    (.resnet152, 60_192_808), (.mobilenetV2, 3_504_872), (.mobilenetV3Small, 2_542_856),
    (.mobilenetV3Large, 5_483_032), (.efficientnetB0, 5_288_548),
  ]
  static let small: [Architecture] = [.mobilenetV2, .mobilenetV3Small, .mobilenetV3Large, .efficientnetB0]

  @Test(arguments: parameters) func parameterCountsAreTorchvisions(_ network: Architecture, _ count: Int) throws {
    let graph = try network.graph(classes: 1000, inputSize: (224, 224), seed: 1)
    #expect(graph.parameterCount == count)
    let facts = try graph.infer()
    #expect(facts[graph.outputs[0]]?.shape == [1, 1000])
    #expect(graph.values[graph.outputs[0]].name == "logits")
  }

  /// torchvision's figures, in G.
  @Test func multiplyAddsAreTorchvisions() throws {
    let figures: [(Architecture, Double)] = [
      (.resnet18, 1.81), (.resnet34, 3.66), (.resnet50, 4.09), (.mobilenetV2, 0.301), (.mobilenetV3Small, 0.057),
      (.mobilenetV3Large, 0.217), (.efficientnetB0, 0.386),
    ]
    for (network, expected) in figures {
      let graph = try network.graph(classes: 1000, inputSize: (224, 224), seed: 1)
      let facts = try graph.infer()
      let total = graph.nodes.reduce(0) { $0 + graph.cost(of: $1, facts).multiplyAdds }
      #expect(abs(Double(total) / 1e9 - expected) < 0.01)
    }
  }

  @Test func namesAreTorchvisions() throws {
    let graph = try Architecture.resnet50.graph(classes: 2, inputSize: (64, 64), seed: 1)
    let constants = Set(graph.values.filter { $0.constant != nil }.map { $0.name })
    for name in [
      "conv1.weight", "bn1.running_mean", "layer1.0.downsample.0.weight", "layer1.0.downsample.1.running_var",
      "layer4.2.conv3.weight", "layer4.2.bn3.bias", "fc.weight", "fc.bias",
    ] { #expect(constants.contains(name), "\(name)") }
    #expect(constants.count == 53 + 53 * 4 + 2)
    #expect(Set(graph.values.map { $0.name }).count == graph.values.count)
  }

  /// FNV-1a of torchvision's state dictionaries for 1000 classes, without num_batches_tracked: a line `name [extents]` for
  /// each tensor, sorted.
  static let names: [(Architecture, Int, UInt64)] = [
    (.resnet50, 267, 0xd296_b015_caae_1553), (.mobilenetV2, 262, 0xaf55_7b53_cb3d_00c9),
    (.mobilenetV3Small, 210, 0x6208_068d_d86c_7dd7), (.mobilenetV3Large, 266, 0xd5f7_c86b_eec2_5bb6),
    (.efficientnetB0, 311, 0x5c24_6a99_fb3c_e69c),
  ]

  @Test(arguments: names) func namesAndShapesAreTorchvisions(_ network: Architecture, _ count: Int, _ hash: UInt64)
    throws
  {
    let graph = try network.graph(classes: 1000, inputSize: (64, 64), seed: 1)
    var lines: [String] = []
    for value in graph.values {
      // Scalars are settings: the ratio of a Dropout, the bounds of a Clip.
      guard let constant = value.constant, constant.shape.rank > 0 else { continue }
      lines.append("\(value.name) \(constant.shape.extents)\n")
    }
    #expect(lines.count == count)
    #expect(Set(graph.values.map { $0.name }).count == graph.values.count)
    var found: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in lines.sorted().joined().utf8 { found = (found ^ UInt64(byte)) &* 0x100_0000_01b3 }
    #expect(found == hash)
  }

  /// Extents that no stride divides.
  @Test(arguments: small) func takesOddSizes(_ network: Architecture) throws {
    let graph = try network.graph(classes: 3, inputSize: (33, 47), seed: 1)
    let facts = try graph.infer([[2, 3, 33, 47]])
    #expect(facts[graph.outputs[0]]?.shape == [2, 3])
    let pooled = try #require(graph.nodes.last { $0.operation.name == "GlobalAveragePool" }?.firstInput)
    #expect(facts[pooled]?.shape == [2, network.features, 2, 2])
    let images = try Tensor.noise([2, 3, 33, 47], seed: 1)
    let logits = try TrainingNetwork(graph, inputShape: images.shape, threads: 1).logits(images)
    #expect(try distance(logits, graph.evaluate([images])[0]) < 1e-5)
  }

  /// The last layer is replaced alone, and a frozen body leaves all but the classifier as it is.
  @Test(arguments: small) func smallNetworksLearn(_ network: Architecture) throws {
    for head in Architecture.Head.allCases {
      let graph = try network.graph(classes: 7, head: head, inputSize: (32, 32), seed: 1)
      let replaced = try graph.replacingHead(classes: 2, seed: 2)
      #expect(replaced.nodes.count == graph.nodes.count)
      let images = try Tensor.noise([4, 3, 32, 32], seed: 3)
      func learnt(_ freezing: Freezing) throws -> Set<String> {
        let trained = try TrainingNetwork(replaced, inputShape: images.shape, threads: 1, freezing: freezing)
        func weights() throws -> [String: [Float]] {
          var weights: [String: [Float]] = [:]
          for value in try trained.graph().values {
            if let constant = value.constant, constant.type == .float32 { weights[value.name] = constant.array() }
          }
          return weights
        }
        let before = try weights()
        _ = try trained.step(images: images, labels: [0, 1, 1, 0], optimizer: .adamW(), rate: 1e-2, momentum: 0.9)
        let after = try weights()
        #expect(after.values.allSatisfy { $0.allSatisfy { $0.isFinite } })
        return Set(before.keys.filter { before[$0] != after[$0] })
      }
      let all = try learnt(.none)
      #expect(all.contains("features.0.0.weight"))
      let some = try learnt(.body(normalizationsLearn: false))
      #expect(!some.isEmpty && some.allSatisfy { $0.hasPrefix("head.") || $0.hasPrefix("classifier.") })
    }
  }

  @Test func weightsFollowTheSeed() throws {
    func weights(_ seed: UInt64, _ head: Architecture.Head) throws -> [Float] {
      let graph = try Architecture.resnet18.graph(classes: 2, head: head, inputSize: (64, 64), seed: seed)
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
    let graph = try Architecture.resnet18.graph(classes: 3, head: .fastai, inputSize: (32, 32), seed: 1)
    let logits = try graph.evaluate([try Tensor(zeros: [2, 3, 32, 32])])
    #expect(logits[0].shape == [2, 3])
    // The body's count plus that of fastai's create_head: two normalisations and two Gemms without bias.
    #expect(graph.parameterCount == 11_689_512 - 513_000 + 2 * 1024 + 1024 * 512 + 2 * 512 + 512 * 3)
  }

  @Test func headIsReplaced() throws {
    for head in Architecture.Head.allCases {
      let graph = try Architecture.resnet18.graph(classes: 10, head: head, inputSize: (32, 32), seed: 1)
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
