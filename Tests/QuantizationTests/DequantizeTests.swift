import ModelGraph
import Passes
import Quantization
import TestSupport
import Testing

@Suite struct DequantizeTests {
  private func batches() throws -> [CalibrationBatch] {
    var noise = Noise(11)
    return try [4, 4, 3].map { count in
      let images = try noise.tensor([count, 3, 20, 20], scale: 2, offset: 0.3)
      return try CalibrationBatch(images, labels: [Int](repeating: 0, count: count), size: 4)
    }
  }

  /// Both in QDQ form and with integer operators: only the rounding of the weights remains.
  @Test(arguments: [false, true]) func isNearTheFloatModel(_ lowered: Bool) throws {
    let model = try PreparedModel(try SmallResidualNet(seed: 5).graph, inputShape: [4, 3, 20, 20])
    let batches = try batches()
    var graph = try Quantizer(model, fitting: Array(batches[..<2]), judging: Array(batches[2...]), threads: 1) {
      _, _, _ in
    }.run([.minmax]).graph
    if lowered {
      _ = lowerQuantization(&graph)
      let isInteger = graph.nodes.contains { if case .qLinearConv = $0.operation { true } else { false } }
      #expect(isInteger)
    }
    #expect(graph.isQuantized)
    let float = try graph.dequantized()
    #expect(!float.isQuantized)
    let images = batches[0].images
    let meant = try model.graph.evaluate([images])[0].array(of: Float.self)
    let found = try float.evaluate([images])[0].array(of: Float.self)
    let largest = meant.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(meant, found) { #expect(abs(a - b) < largest * 0.05) }
  }

  /// A Relu that was absorbed by quantization (the lowest integer means 0) is restored; one that is there is not
  /// duplicated.
  @Test func swallowedReluComesBack() throws {
    var graph = Graph(name: "q")
    let x = graph.addInput("x", Declaration(.float32, [1, 4]))
    let scale = graph.addConstant("scale", try Tensor(scalar: Float(0.1)))
    let zero = graph.addConstant("zero", try Tensor(scalar: UInt8(0)))
    func pair(_ name: String, _ value: Graph.ValueID) throws -> Graph.ValueID {
      let q = graph.add(try Operator(named: "QuantizeLinear", inputCount: 3), "\(name)q", [value, scale, zero])
      return graph.add(try Operator(named: "DequantizeLinear", inputCount: 3), "\(name)d", [q, scale, zero])
    }
    graph.outputs = [try pair("b", try pair("a", x))]
    let float = try graph.dequantized()
    #expect(float.nodes.count == 1)
    let images = try Tensor([1, 4], [Float(-1), 0.55, 2, 30])
    #expect(try float.evaluate([images])[0].array(of: Float.self) == [0, 0.55, 2, 30])
  }

  @Test func dynamicQuantisationIsRefused() throws {
    var graph = Graph(name: "q")
    let x = graph.addInput("x", Declaration(.uint8, [1, 4]))
    let w = graph.addConstant("w", try Tensor([4, 2], [UInt8](repeating: 1, count: 8)))
    graph.outputs = [graph.add(try Operator(named: "MatMulInteger", inputCount: 2), "m", [x, w])]
    #expect(throws: GraphError.self) { try graph.dequantized() }
  }
}
