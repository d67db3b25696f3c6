import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Graphs written for other opsets. `tools/test-gate` holds the files to onnx.checker and onnxruntime.
@Suite struct OpsetTests {
  private func graph(_ operation: Operator, _ shape: [Int], type: ElementType = .float32) throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", Declaration(type, shape.map { .fixed($0) }))
    graph.outputs = [graph.add(operation, "y", [x])]
    return graph
  }

  /// The graph as read from a file of the opset.
  private func written(_ graph: Graph, opset: Int) throws -> Graph {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    try ONNXFile.write(graph, to: path, opset: opset) { _ in }
    #expect(ONNXFile.examine(path).opset == opset)
    return try ONNXFile.read(path)
  }

  @Test(arguments: [7, 9, 11, 13, 17, 20, 21, 28])
  func everyOpsetMeansTheSame(_ opset: Int) throws {
    let operators: [Operator] = [
      .hardSwish(HardSwish()), .mish(Mish()), .swish(Swish(alpha: 0.5)), .celu(Celu(alpha: 2)),
      .gelu(Gelu(isApproximate: true)), .softmax(Softmax(SoftmaxAxis(1))), .logSoftmax(LogSoftmax()),
      .reduceMean(ReduceMean()), .reduceSum(ReduceSum(Reduction(noAxesMeansNone: true))),
    ]
    for operation in operators {
      let graph = try graph(operation, [2, 3, 4])
      let x = try ramp([2, 3, 4])
      let (wanted, found) = (try graph.evaluate([x]), try written(graph, opset: opset).evaluate([x]))
      #expect(wanted[0].shape == found[0].shape)
      for (a, b) in zip(wanted[0].doubles, found[0].doubles) {
        #expect(abs(a - b) < 1e-5, "\(operation.name) at \(opset)")
      }
    }
  }

  @Test func whatIsSpelledOut() throws {
    func kinds(_ operation: Operator, _ opset: Int) throws -> [String] {
      try written(try graph(operation, [2, 3, 4]), opset: opset).nodes.map { $0.operation.name }
    }
    #expect(try kinds(.hardSwish(HardSwish()), 13) == ["HardSigmoid", "Mul"])
    #expect(try kinds(.hardSwish(HardSwish()), 14) == ["HardSwish"])
    #expect(try kinds(.softmax(Softmax(SoftmaxAxis(1))), 12) == ["Transpose", "Softmax", "Transpose"])
    #expect(try kinds(.softmax(Softmax(SoftmaxAxis(1))), 13) == ["Softmax"])
    #expect(try kinds(.swish(Swish()), 21) == ["Sigmoid", "Mul"])
  }

  @Test func scalesThatOnlyARunKnowsStayAnInput() throws {
    func graph(_ mode: String) throws -> Graph {
      var graph = Graph(name: "g")
      let x = graph.addInput("x", Declaration(.float32, [1, 1, 2, 2]))
      let scales = graph.addInput("s", Declaration(.float32, [4]))
      let attributes = [
        Attribute("mode", .string(mode)), Attribute("coordinate_transformation_mode", .string("asymmetric")),
        Attribute("nearest_mode", .string("floor")),
      ]
      let reader = AttributeReader("Resize", opset: 13, inputCount: 3, attributes: attributes)
      graph.outputs = [graph.add(try Operator("Resize", domain: .onnx, reader), "y", [x, nil, scales])]
      // Only a run finds its shape.
      graph.values[graph.outputs[0]].declaration = Declaration(.float32, ["a", "b", "c", "d"].map { .symbol($0) })
      return graph
    }
    let inputs = [try Tensor([1, 1, 2, 2], [1, 2, 3, 5] as [Float]), try Tensor([4], [1, 1, 1.5, 2] as [Float])]
    // Floors of 0, 2/3, 4/3 and of 0, 1/2, 1, 3/2.
    let nearest: [Float] = [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 5, 5]
    for (mode, opset) in [("nearest", 9), ("linear", 9), ("linear", 10)] {
      let again = try written(try graph(mode), opset: opset)
      #expect(again.nodes.count == 1)
      let (wanted, found) = (try graph(mode).evaluate(inputs)[0], try again.evaluate(inputs)[0])
      #expect(found.shape == [1, 1, 3, 4] && found.doubles == wanted.doubles)
      if mode == "nearest" { #expect(found.array(of: Float.self) == nearest) }
    }
    #expect(code { _ = try written(try graph("nearest"), opset: 10) } == .opset)
    #expect(code { _ = try written(try graph("linear"), opset: 8) } == .opset)
  }

  @Test func whatCannotBeSaid() throws {
    #expect(code { _ = try written(try graph(.isNaN(IsNaN()), [2]), opset: 8) } == .opset)
    #expect(code { _ = try written(try graph(.relu(Relu()), [2], type: .int32), opset: 13) } == .opset)
    #expect(code { _ = try written(try graph(.relu(Relu()), [2]), opset: 6) } == .opset)
    #expect(code { _ = try written(try graph(.relu(Relu()), [2]), opset: 29) } == .opset)
    #expect(code { _ = try written(try graph(.relu(Relu()), [2], type: .int32), opset: 14) } == nil)
  }
}
