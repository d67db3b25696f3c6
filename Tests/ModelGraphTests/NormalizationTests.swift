import ModelGraph
import Testing

@Suite struct NormalizationTests {
  @Test func batchNormalizationUsesRunningStatistics() throws {
    let x = try counting([2, 2, 1, 2])
    let inputs = [
      x, try Tensor([2], [Float(1), 2]), try Tensor([2], [Float(0), 1]), try Tensor([2], [Float(0), 2]),
      try Tensor([2], [Float(4), 1]),
    ]
    let y = try run(operation("BatchNormalization", .float("epsilon", 0)), inputs)
    #expect(isClose(y.doubles, [0, 0.5, 1, 3, 2, 2.5, 9, 11]))
    let vectors = try run(
      operation("BatchNormalization", opset: 7, .int("spatial", 1)), [try counting([1, 2])] + inputs[1...])
    #expect(isClose(vectors.doubles, [0, -1], tolerance: 1e-4))
  }

  @Test func batchNormalizationOfElementsAndMixedTypes() throws {
    let x = try counting([2, 1, 2])
    let (one, two) = (try Tensor([1, 2], [Float(1), 1]), try Tensor([1, 2], [Float(0), 2]))
    let elements = try operation("BatchNormalization", opset: 8, .int("spatial", 0), .float("epsilon", 0))
    #expect(isClose(try run(elements, [x, one, two, two, one]).doubles, [0, 1, 2, 3]))
    let vector = Fact(.float32, [1])
    #expect(refusal(elements, [Fact(x), vector, vector, vector, vector])?.code == .shapeMismatch)
    let halves = try Tensor([1, 1, 2], [Half(1), Half(3)])
    let (half, wide) = (try Tensor([1], [Half(2)]), try Tensor([1], [1.0]))
    let train = try operation("BatchNormalization", .int("training_mode", 1), .float("momentum", 0))
    #expect(try run(train, [halves, half, half, wide, wide], output: 1).doubles == [2])
    #expect(try run(train, [halves, half, half, wide, wide], output: 1).type == .float64)
    #expect(try run(train, [halves, half, half, wide, wide]).type == .float16)
  }

  @Test func batchNormalizationInTrainingUsesTheBatch() throws {
    let x = try Tensor([2, 1, 2], [1.0, 2, 3, 4])
    let one = try Tensor([1], [1.0])
    let inputs = [x, one, try Tensor([1], [0.0]), try Tensor([1], [10.0]), try Tensor([1], [3.0])]
    let train = try operation(
      "BatchNormalization", .int("training_mode", 1), .float("momentum", 0.5), .float("epsilon", 0))
    let scale = 1 / 1.25.squareRoot()
    #expect(isClose(try run(train, inputs).doubles, [-1.5, -0.5, 0.5, 1.5].map { $0 * scale }))
    #expect(try run(train, inputs, output: 1).doubles == [6.25])
    #expect(try run(train, inputs, output: 2).doubles == [2.125])
  }

  @Test func batchNormalizationSaysWhatDoesNotFit() throws {
    let batch = try operation("BatchNormalization")
    let (x, c) = (Fact(.float32, [1, 3, 2, 2]), Fact(.float32, [3]))
    #expect(refusal(batch, [x, c, c, c, Fact(.float32, [2])])?.message.contains("input_var is [2]") == true)
    #expect(refusal(batch, [x, c, c, c])?.code == .wrongArity)
    #expect(refusal(batch, [Fact(.float32, []), c, c, c, c])?.code == .wrongRank)
    #expect(throws: GraphError.self) { try operation("BatchNormalization", opset: 6, .int("is_test", 0)) }
    _ = try operation("BatchNormalization", opset: 1, .int("is_test", 1), .ints("consumed_inputs", [0, 0, 0, 1, 1]))
    #expect(throws: GraphError.self) { try operation("BatchNormalization", opset: 9, .int("training_mode", 1)) }
  }

  @Test func softmaxSumsToOneAlongItsAxis() throws {
    let x = try Tensor([2, 2], [Float(0), 0, 0, 1000])
    #expect(isClose(try run(operation("Softmax"), [x]).doubles, [0.5, 0.5, 0, 1]))
    #expect(isClose(try run(operation("Softmax", .int("axis", 0)), [x]).doubles, [0.5, 0, 0.5, 1]))
    let log = try run(operation("LogSoftmax"), [x]).doubles
    #expect(isClose(log, [-0.6931472, -0.6931472, -1000, 0]))
    #expect(refusal(try operation("Softmax", .int("axis", 2)), [Fact(x)])?.code == .badAttribute)
    #expect(try run(operation("Softmax"), [try counting([3, 0])]).count == 0)
  }

  @Test func softmaxBeforeOpset13CoversAllLaterAxes() throws {
    let x = try Tensor([1, 2, 2], [Float](repeating: 3, count: 4))
    let old = try operation("Softmax", opset: 11)
    #expect(try run(old, [x]).doubles == [0.25, 0.25, 0.25, 0.25])
    #expect(try run(operation("Softmax", .int("axis", 1)), [x]).doubles == [0.5, 0.5, 0.5, 0.5])
    guard case .softmax(let softmax) = old else { return #expect(Bool(false)) }
    #expect(softmax.axis == SoftmaxAxis(1, includesLaterAxes: true))
    guard case .softmax(let last) = try operation("Softmax", opset: 11, .int("axis", -1)) else { return }
    #expect(last.axis == SoftmaxAxis(-1))
  }

  @Test func oldSoftmaxIsSpelledOutForAFile() throws {
    for axis in [0, 1, 2, -2] {
      var graph = Graph(name: "old")
      let input = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(2), .fixed(3)]))
      let softmax = try operation("LogSoftmax", opset: 11, .int("axis", axis))
      graph.outputs = [graph.add(softmax, "y", [input])]
      let written = graph.withOldSoftmaxSpelledOut()
      #expect(written.nodes.count == (axis == 2 ? 1 : 4))
      for node in written.nodes {
        guard case .logSoftmax(let modern) = node.operation else { continue }
        #expect(!modern.axis.includesLaterAxes)
      }
      let x = try counting([2, 2, 3])
      #expect(isClose(try written.evaluate([x])[0].doubles, try graph.evaluate([x])[0].doubles))
    }
  }
}
