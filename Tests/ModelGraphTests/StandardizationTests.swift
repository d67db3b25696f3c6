import ModelGraph
import Testing

/// LayerNormalization and its kind.
@Suite struct StandardizationTests {
  @Test func layerNormalizationCoversItsLastAxes() throws {
    let x = try Tensor([2, 2], [Float(1), 3, -2, 2])
    let scale = try Tensor([2], [Float(1), 2])
    let operation = try operation("LayerNormalization", .float("epsilon", 0))
    #expect(isClose(try run(operation, [x, scale, try Tensor([2], [Float(0), 1])]).doubles, [-1, 3, -1, 3]))
    #expect(isClose(try run(operation, [x, scale], output: 1).doubles, [2, 0]))
    #expect(isClose(try run(operation, [x, scale], output: 2).doubles, [1, 0.5]))
    #expect(try run(operation, [x, scale], output: 1).shape == [2, 1])

    let all = try ModelGraphTests.operation("LayerNormalization", .int("axis", -2), .float("epsilon", 1))
    // Mean 1, variance 3.5.
    let deviation = 4.5.squareRoot()
    #expect(isClose(try run(all, [x, try Tensor([1], [Float(1)])]).doubles, [0, 2, -3, 1].map { $0 / deviation }))
    #expect(try run(all, [x, scale], output: 1).shape == [1, 1])
  }

  @Test func layerNormalizationKeepsTypesAndRefusesWhatDoesNotFit() throws {
    let x = try Tensor([1, 2], [Half(1), Half(3)])
    let one = try Tensor([2], [Half(1), Half(1)])
    let wide = try operation("LayerNormalization", .int("stash_type", ElementType.bfloat16.onnxNumber))
    #expect(try run(wide, [x, one]).type == .float16)
    #expect(try run(wide, [x, one], output: 1).type == .bfloat16)
    #expect(try run(wide, [try counting([3, 0]), try counting([0])]).count == 0)
    let plain = try operation("LayerNormalization")
    let fact = Fact(.float32, [2, 3])
    #expect(refusal(plain, [fact, Fact(.float32, [2])])?.code == .shapeMismatch)
    #expect(refusal(plain, [fact, Fact(.float64, [3])])?.code == .typeMismatch)
    #expect(refusal(plain, [Fact(.float32, []), Fact(.float32, [])])?.code == .badAttribute)
    #expect(throws: GraphError.self) { try operation("LayerNormalization", .int("stash_type", 7)) }
  }

  @Test func rootMeanSquareKeepsTheMean() throws {
    let x = try Tensor([1, 2], [Float(3), 4])
    let y = try run(
      operation("RMSNormalization", opset: 23, .float("epsilon", 0)), [x, try Tensor([2], [1.0, 2])])
    let size = 12.5.squareRoot()
    #expect(y.type == .float64)
    #expect(isClose(y.doubles, [3 / size, 8 / size]))
  }

  @Test func instancesAndGroups() throws {
    let x = try Tensor([1, 4, 2], [Float(1), 3, 5, 7, 0, 2, 10, 10])
    let four = try Tensor([4], [Float(1), 2, 3, 4])
    let instance = try operation("InstanceNormalization", .float("epsilon", 0))
    let pairs = try run(instance, [try x.reshaped([2, 2, 2]), try Tensor([2], [Float(1), 2]), try counting([2])])
    #expect(isClose(Array(pairs.doubles.prefix(6)), [-1, 1, -1, 3, -1, 1]))
    #expect(pairs.doubles.suffix(2).allSatisfy { $0.isNaN })

    let channels = try operation("GroupNormalization", .int("num_groups", 2), .float("epsilon", 0))
    let size = 5.0.squareRoot()
    let first = [-3 / size, -1 / size, 1 / size, 3 / size]
    let y = try run(channels, [x, four, try counting([4])]).doubles
    #expect(isClose(Array(y.prefix(4)), [first[0], first[1], 1 + 2 * first[2], 1 + 2 * first[3]]))
    let old = try operation("GroupNormalization", opset: 18, .int("num_groups", 2), .float("epsilon", 0))
    let groups = try run(old, [x, try Tensor([2], [Float(1), 2]), try counting([2])]).doubles
    #expect(isClose(Array(groups.prefix(4)), first))
    #expect(refusal(old, [Fact(x), Fact(four), Fact(four)])?.code == .shapeMismatch)
    let three = try operation("GroupNormalization", .int("num_groups", 3))
    #expect(refusal(three, [Fact(x), Fact(four), Fact(four)])?.code == .shapeMismatch)
    #expect(throws: GraphError.self) { try operation("GroupNormalization", .int("num_groups", 0)) }
    #expect(throws: GraphError.self) { try operation("GroupNormalization") }
  }

  @Test func oldNormalizationsAreSpelledOutForAFile() throws {
    var graph = Graph(name: "old")
    let x = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(4), .fixed(2)]))
    let two = graph.addConstant("two", try Tensor([2], [Float(1), 2]))
    let groups = try operation("GroupNormalization", opset: 18, .int("num_groups", 2))
    let y = graph.add(groups, "y", [x, two, two])
    let parameters = graph.addConstant("parameters", try counting([4, 2], from: 1))
    let elements = try operation("BatchNormalization", opset: 8, .int("spatial", 0))
    graph.outputs = [graph.add(elements, "z", [y, parameters, parameters, parameters, parameters])]
    let written = graph.withOldNormalizationSpelledOut()
    for node in written.nodes {
      if case .groupNormalization(let norm) = node.operation { #expect(!norm.scalesGroups) }
      if case .batchNormalization(let norm) = node.operation { #expect(!norm.isPerElement) }
    }
    let input = try counting([3, 4, 2])
    #expect(isClose(try written.evaluate([input])[0].doubles, try graph.evaluate([input])[0].doubles))
    #expect(written.withOldNormalizationSpelledOut().nodes.count == written.nodes.count)
  }

  @Test func normsOfVectors() throws {
    let x = try Tensor([2, 2], [Float(3), -4, 0, 0])
    #expect(isClose(try run(operation("LpNormalization"), [x]).doubles, [0.6, -0.8, 0, 0]))
    let sums = try operation("LpNormalization", .int("p", 1), .int("axis", 0))
    #expect(isClose(try run(sums, [x]).doubles, [1, -1, 0, 0]))
    #expect(throws: GraphError.self) { try operation("LpNormalization", .int("p", 3)) }
    #expect(refusal(try operation("LpNormalization", .int("axis", 2)), [Fact(x)])?.code == .badAttribute)

    let centered = try run(operation("MeanVarianceNormalization", .ints("axes", [-1])), [x])
    #expect(isClose(centered.doubles, [1, -1, 0, 0]))
    #expect(refusal(try operation("MeanVarianceNormalization"), [Fact(x)])?.code == .badAttribute)
  }

  @Test func localResponse() throws {
    let x = try Tensor([1, 3, 1], [Float(1), 2, 3])
    let lrn = try operation("LRN", .int("size", 2), .float("alpha", 2), .float("beta", 1), .float("bias", 0))
    // An even window reaches one channel up.
    #expect(isClose(try run(lrn, [x]).doubles, [1.0 / 5, 2.0 / 13, 3.0 / 9]))
    #expect(throws: GraphError.self) { try operation("LRN", .int("size", 0)) }
    #expect(refusal(try operation("LRN", .int("size", 1)), [Fact(.float32, [3])])?.code == .wrongRank)
  }

  @Test func skipLayerNormalizationAddsFirst() throws {
    let skip = try operation("SkipLayerNormalization", domain: .microsoft, .float("epsilon", 0))
    let (x, other) = (try Tensor([1, 1, 2], [Float(1), 1]), try Tensor([1, 2], [Float(0), 3]))
    let (gamma, bias) = (try Tensor([2], [Float(1), 2]), try Tensor([2], [Float(1), 0]))
    #expect(isClose(try run(skip, [x, other, gamma, nil, bias]).doubles, [-1, 2]))
    #expect(try run(skip, [x, other, gamma, nil, bias], output: 1).doubles == [3])
    #expect(try run(skip, [x, other, gamma, nil, bias], output: 3).doubles == [2, 4])
    #expect(refusal(skip, [Fact(x), Fact(x), Fact(.float32, [3])])?.code == .shapeMismatch)
  }
}
