import Foundation
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Graphs in files: versions, names, order, and unsupported features that are refused by name.
@Suite struct ReadingTests {
  private let axis = Wire().text(1, "axis").int(3, 0).int(20, 2)

  private func read(_ model: Wire, _ limits: Limits = .standard) throws -> Graph {
    let scratch = try TemporaryFolder()
    return try ONNXFile.read(try scratch.write(model.bytes, to: "m.onnx"), limits: limits)
  }

  private var weights: Wire { Wire.tensor("w", type: 1, dims: [2, 2]).data(9, [UInt8](repeating: 0, count: 16)) }
  private var x: Wire { Wire.declaration("x", type: 1, dims: [2, 2]) }
  private var y: Wire { Wire.declaration("y", type: 1, dims: [4, 2]) }

  @Test func aPlainModel() throws {
    let graph = try read(Wire.concat(weights))
    #expect(graph.nodes.count == 1)
    #expect(try graph.evaluate([try ramp([2, 2])]).first?.shape == [4, 2])
  }

  @Test func versions() throws {
    let graph = Wire().message(5, weights).message(12, Wire.declaration("w", type: 1, dims: [2, 2]))
    for ir in [3, 10, 13] { #expect(code { _ = try read(Wire.model(graph, ir: ir)) } == nil) }
    for ir in [-1, 0, 2, 99] { #expect(code { _ = try read(Wire.model(graph, ir: ir)) } == .irVersion) }
    for opset in [1, 6, 7, 21, 28] { #expect(code { _ = try read(Wire.model(graph, opset: opset)) } == nil) }
    for opset in [-1, 0, 29] { #expect(code { _ = try read(Wire.model(graph, opset: opset)) } == .opset) }
    let twice = Wire.model(graph).message(8, Wire().text(1, "ai.onnx").int(2, 13))
    #expect(code { _ = try read(twice) } == .opset)
    let none = Wire().int(1, 10).message(7, Wire().message(1, Wire.node("Concat", ["x"], ["y"], [axis])).message(11, x))
    #expect(code { _ = try read(none) } == .opset)
  }

  /// Before opset 7, `axis` says where the second input's first axis lies in the first input.
  @Test func oldBroadcast() throws {
    func attribute(_ name: String, _ value: Int) -> Wire { Wire().text(1, name).int(3, value).int(20, 2) }
    func model(axis: Int, dims: [Int], constant: Bool) -> Wire {
      let attributes = [attribute("broadcast", 1), attribute("axis", axis)]
      // All 0 but the last, which is 0.5.
      let bytes = [UInt8](repeating: 0, count: 4 * dims.reduce(1, *) - 1) + [63]
      let graph = Wire().message(1, Wire.node("Add", ["x", "w"], ["y"], attributes)).text(2, "g")
        .message(11, Wire.declaration("x", type: 1, dims: [2, 3, 2]))
        .message(12, Wire.declaration("y", type: 1, dims: [2, 3, 2]))
      let w = Wire.tensor("w", type: 1, dims: dims).data(9, bytes)
      return Wire.model(
        constant ? graph.message(5, w) : graph.message(11, Wire.declaration("w", type: 1, dims: dims)), opset: 6)
    }
    let x = try Tensor(zeros: [2, 3, 2])
    for constant in [true, false] {
      let graph = try read(model(axis: 1, dims: [3], constant: constant))
      let feeds = constant ? [x] : [x, try Tensor([3], [0, 0, 0.5] as [Float])]
      #expect(try graph.evaluate(feeds)[0].array(of: Float.self) == [0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5])
      #expect(graph.nodes.count == (constant ? 1 : 2))
    }
    let whole = try read(model(axis: 0, dims: [2, 3, 2], constant: true))
    #expect(whole.nodes.count == 1)
    #expect(code { _ = try read(model(axis: 2, dims: [3, 2], constant: true)) } == .badAttribute)
    #expect(code { _ = try read(model(axis: -1, dims: [3], constant: true)) } == .badAttribute)
  }

  @Test func initialisersListedAsInputsAreConstants() throws {
    let model = Wire.model(
      Wire().message(1, Wire.node("Concat", ["x", "w"], ["y"], [axis])).message(5, weights).message(11, x)
        .message(11, Wire.declaration("w", type: 1, dims: [2, 2])).message(12, y), ir: 3)
    let graph = try read(model)
    #expect(graph.inputs.map { graph.values[$0].name } == ["x"])
  }

  @Test func unknownDimensionsGetNames() throws {
    let shape = Wire().message(1, Wire()).message(1, Wire().int(1, -1)).message(1, Wire().text(2, "N"))
    let input = Wire().text(1, "x").message(2, Wire().message(1, Wire().int(1, 1).message(2, shape)))
    let graph = try read(Wire.model(Wire().message(11, input).message(12, Wire().text(1, "x"))))
    let id = try #require(graph.inputs.first)
    #expect(graph.values[id].declaration?.dimensions == [.symbol("unnamed_1"), .symbol("unnamed_2"), .symbol("N")])
  }

  @Test func nodesMustHaveAnOrder() throws {
    func model(_ nodes: [Wire]) -> Wire {
      Wire.model(
        nodes.reduce(Wire()) { $0.message(1, $1) }.message(11, x).message(
          12, Wire.declaration("b", type: 1, dims: [4, 2])))
    }
    let a = Wire.node("Concat", ["x", "x"], ["a"], [axis])
    let b = Wire.node("Concat", ["a"], ["b"], [axis])
    #expect(code { _ = try read(model([a, b])) } == nil)
    // These are sorted, with a warning; see NodeOrderTests.
    #expect(code { _ = try read(model([b, a])) } == nil)
    #expect(code { _ = try read(model([b])) } == .undefinedValue)
    let ring = Wire.node("Concat", ["x", "b"], ["a"], [axis])
    #expect(code { _ = try read(model([ring, b])) } == .cycle)
    #expect(code { _ = try read(model([Wire.node("Concat", ["b"], ["b"], [axis])])) } == .cycle)
    #expect(code { _ = try read(model([a, Wire.node("Concat", ["a"], ["a", "b"], [axis])])) } == .definedTwice)
  }

  @Test func whatIsRefusedByName() throws {
    func attribute(_ attribute: Wire) -> Wire {
      Wire.model(Wire().message(1, Wire.node("Concat", ["x"], ["y"], [axis, attribute])).message(11, x).message(12, y))
    }
    let base = Wire.concat(weights)
    #expect(code { _ = try read(attribute(Wire().text(1, "body").message(6, Wire()).int(20, 5))) } == .subgraph)
    #expect(code { _ = try read(attribute(Wire().text(1, "body").message(11, Wire()))) } == .subgraph)
    #expect(code { _ = try read(attribute(Wire().text(1, "a").text(21, "b"))) } == .functions)
    #expect(code { _ = try read(attribute(Wire().text(1, "a").message(22, Wire()).int(20, 11))) } == .sparse)
    #expect(code { _ = try read(attribute(Wire().text(1, "a").message(14, Wire()).int(20, 13))) } == .badAttribute)
    #expect(code { _ = try read(attribute(Wire().text(1, "nonsense").int(3, 1).int(20, 2))) } == .badAttribute)
    #expect(code { _ = try read(attribute(axis)) } == .badAttribute)
    #expect(code { _ = try read(base.message(25, Wire())) } == .functions)
    #expect(code { _ = try read(base.message(7, Wire())) } == .damaged)
    #expect(code { _ = try read(Wire().int(1, 10)) } == .noGraph)
    #expect(code { _ = try read(Wire.model(Wire().message(15, Wire()).message(11, x).message(12, x))) } == .sparse)
    let sequence = Wire().text(1, "s").message(2, Wire().message(4, Wire()))
    #expect(code { _ = try read(Wire.model(Wire().message(11, sequence))) } == .unsupportedType)
    let text = Wire.declaration("h", type: 8, dims: [1])
    #expect(code { _ = try read(Wire.model(Wire().message(11, text))) } == .unsupportedType)
    let other = Wire.node("Concat", ["x"], ["y"], [axis]).text(7, "ai.onnx.ml")
    #expect(code { _ = try read(Wire.model(Wire().message(1, other).message(11, x).message(12, y))) } == .domain)
    let unknown = Wire.node("Magic", ["x"], ["y"])
    #expect(
      code { _ = try read(Wire.model(Wire().message(1, unknown).message(11, x).message(12, y))) } == .unknownOperator)
  }

  @Test func everyProblemIsNoted() throws {
    let scratch = try TemporaryFolder()
    let model = Wire.model(
      Wire().message(1, Wire.node("Magic", ["x"], ["a"])).message(1, Wire.node("Concat", ["a"], ["y"], [axis]))
        .message(1, Wire.node("Sorcery", ["nothing"], ["z"])).message(11, x).message(12, y))
    let examination = ONNXFile.examine(try scratch.write(model.bytes, to: "m.onnx"))
    #expect(examination.problems.map { $0.code } == [.unknownOperator, .undefinedValue, .unknownOperator])
    #expect(examination.graph?.nodes.count == 1)
  }

  @Test func olderAttributesBecomeInputs() throws {
    let axes = Wire().text(1, "axes").int(8, 0).int(20, 7)
    let model = Wire.model(
      Wire().message(1, Wire.node("Unsqueeze", ["x"], ["y"], [axes])).message(11, x)
        .message(12, Wire.declaration("y", type: 1, dims: [1, 2, 2])), opset: 11)
    let graph = try read(model)
    #expect(graph.nodes.first?.inputs.count == 2)
    #expect(try graph.evaluate([try ramp([2, 2])]).first?.shape == [1, 2, 2])
    let both = Wire.model(
      Wire().message(1, Wire.node("Unsqueeze", ["x", "x"], ["y"], [axes])).message(11, x).message(12, x), opset: 11)
    #expect(code { _ = try read(both) } == .badAttribute)
  }

  @Test func filesThatAreNone() throws {
    let scratch = try TemporaryFolder()
    #expect(code { _ = try ONNXFile.read(scratch.path + "/none.onnx") } == .unreadable)
    #expect(code { _ = try ONNXFile.read(scratch.path) } == .unreadable)
    #expect(code { _ = try ONNXFile.read("/dev/zero") } == .unreadable)
    #expect(mkfifo(scratch.path + "/pipe", 0o600) == 0)
    #expect(code { _ = try ONNXFile.read(scratch.path + "/pipe") } == .unreadable)
    #expect(code { _ = try ONNXFile.readTensor(scratch.path + "/pipe") } == .unreadable)
    #expect(code { _ = try ONNXFile.read(try scratch.write([], to: "m")) } == .empty)
    #expect(code { _ = try ONNXFile.read(try scratch.write([0x89, 0x50, 0x4E, 0x47, 13, 10], to: "m")) } == .notONNX)
    #expect(code { _ = try ONNXFile.read(try scratch.write(Array("hello".utf8), to: "m")) } == .notONNX)
    #expect(code { _ = try ONNXFile.read(try scratch.write([0x08, 0x0A, 0x3A, 0x7F], to: "m")) } == .damaged)
  }
}
