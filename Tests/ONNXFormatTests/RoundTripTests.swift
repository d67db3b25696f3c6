import Foundation
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

@Suite struct RoundTripTests {
  /// Conv → Flatten, with a symbol, metadata and a value without a name.
  private func graph() throws -> Graph {
    var graph = Graph(name: "small")
    let x = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(4), .fixed(4)]))
    let w = graph.addConstant("w", try ramp([2, 3, 3, 3]))
    let b = graph.addConstant("", try ramp([2]))
    _ = graph.addConstant("unused", try ramp([5]))
    let conv = try Operator(
      "Conv", domain: .onnx,
      AttributeReader("Conv", opset: 21, inputCount: 3, attributes: [.ints("pads", [1, 1, 1, 1])]))
    let flatten = try Operator(
      "Flatten", domain: .onnx, AttributeReader("Flatten", opset: 21, inputCount: 1, attributes: []))
    let y = graph.add(conv, "conv", [x, w, b])
    graph.outputs = [graph.add(flatten, "y", [y])]
    graph.metadata = [("giemsa.classes", #"["Parasitized", "Uninfected"]"#), ("a", "ü")]
    return graph
  }

  @Test func whatIsWrittenReadsBack() throws {
    let scratch = try TemporaryFolder()
    let path = scratch.path + "/model.onnx"
    let original = try graph()
    try ONNXFile.write(original, to: path)
    let back = try ONNXFile.read(path)
    #expect(try scratch.names() == ["model.onnx"])
    #expect(back.name == "small")
    #expect(back.nodes.map { $0.operation.name } == ["Conv", "Flatten"])
    #expect(back.nodes.map { $0.name } == ["conv", "y"])
    #expect(back.metadata.map { $0.key } == ["giemsa.classes", "a"])
    #expect(back.metadata.map { $0.value } == original.metadata.map { $0.value })
    #expect(!back.values.contains { $0.name == "unused" })
    let input = try #require(back.inputs.first)
    #expect(back.values[input].declaration?.dimensions == [.symbol("N"), .fixed(3), .fixed(4), .fixed(4)])
    let output = try #require(back.outputs.first)
    #expect(back.values[output].declaration?.dimensions == [.symbol("N"), .fixed(32)])
    let x = try ramp([2, 3, 4, 4])
    let (a, b) = (try original.evaluate([x]), try back.evaluate([x]))
    #expect(a.first?.array(of: Float.self) == b.first?.array(of: Float.self))
  }

  /// A file with an operator that opset 21 lacks is of the first opset that has it.
  @Test func newOperatorsRaiseTheOpset() throws {
    let scratch = try TemporaryFolder()
    var graph = Graph(name: "new")
    let x = graph.addInput("x", Declaration(.float32, [.fixed(2)]))
    graph.outputs = [graph.add(.swish(Swish()), "y", [x])]
    try ONNXFile.write(graph, to: scratch.path + "/new.onnx")
    #expect(try ONNXFile.read(scratch.path + "/new.onnx").nodes.map { $0.operation.firstOpset } == [24])
    let bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/new.onnx"))
    // ModelProto.ir_version is its first field; opset_import, field 8, holds the empty domain and the version.
    #expect(Array(bytes.prefix(2)) == [8, 12])
    #expect(bytes.range(of: Data([0x42, 4, 0x0A, 0, 0x10, 24])) != nil)
  }

  @Test func writingTwiceGivesTheSameBytes() throws {
    let scratch = try TemporaryFolder()
    try ONNXFile.write(try graph(), to: scratch.path + "/a.onnx")
    try ONNXFile.write(try ONNXFile.read(scratch.path + "/a.onnx"), to: scratch.path + "/b.onnx")
    let a = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/a.onnx"))
    let b = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/b.onnx"))
    #expect(a == b)
  }

  @Test func tensorsOfEveryTypeRoundTrip() throws {
    let scratch = try TemporaryFolder()
    let tensors: [Tensor] = [
      try Tensor([2, 2], [Float.nan, -.infinity, .leastNonzeroMagnitude, -0.0]),
      try Tensor([2], [Double.pi, -1e300]),
      try Tensor([3], [Int8.min, 0, Int8.max]),
      try Tensor([2], [UInt8(0), 255]),
      try Tensor([2], [Int32.min, Int32.max]),
      try Tensor([2], [Int64.min, Int64.max]),
      try Tensor([2], [true, false]),
      try Tensor(scalar: Float(7)),
      try Tensor(zeros: [0, 3]),
    ]
    for tensor in tensors {
      let path = scratch.path + "/t.pb"
      try ONNXFile.writeTensor(tensor, name: "t", to: path)
      let back = try ONNXFile.readTensor(path)
      #expect(back.name == "t")
      #expect(back.tensor.type == tensor.type)
      #expect(back.tensor.shape == tensor.shape)
      let same = back.tensor.withBytes { a in tensor.withBytes { b in a.elementsEqual(b) } }
      #expect(same, "\(tensor.type.name)")
    }
  }

  @Test func anUnwritablePathIsOneLineAndLeavesNothing() throws {
    let scratch = try TemporaryFolder()
    let graph = try graph()
    #expect(code { try ONNXFile.write(graph, to: scratch.path + "/none/model.onnx") } == .unreadable)
    #expect(code { try ONNXFile.write(graph, to: scratch.path) } == .unreadable)
    #expect(code { try ONNXFile.write(graph, to: "/dev/full") } == .unreadable)
    #expect(try scratch.names().isEmpty)
  }
}
