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

  @Test func whatCannotBeSaid() throws {
    #expect(code { _ = try written(try graph(.isNaN(IsNaN()), [2]), opset: 8) } == .opset)
    #expect(code { _ = try written(try graph(.relu(Relu()), [2], type: .int32), opset: 13) } == .opset)
    #expect(code { _ = try written(try graph(.relu(Relu()), [2]), opset: 6) } == .opset)
    #expect(code { _ = try written(try graph(.relu(Relu()), [2]), opset: 29) } == .opset)
    #expect(code { _ = try written(try graph(.relu(Relu()), [2], type: .int32), opset: 14) } == nil)
  }
}
