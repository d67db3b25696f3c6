import Foundation
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Nodes that are not in topological order are sorted; names are bytes.
@Suite struct NodeOrderTests {
  private let axis = Wire().text(1, "axis").int(3, 0).int(20, 2)
  private let x = Wire.declaration("x", type: 1, dims: [1])
  private let y = Wire.declaration("y", type: 1, dims: [4])

  private func examine(_ nodes: [Wire]) throws -> ONNXFile.Examination {
    let graph = nodes.reduce(Wire()) { $0.message(1, $1) }.text(2, "g").message(11, x).message(12, y)
    let scratch = try TemporaryFolder()
    let path = try scratch.write(Wire.model(graph).bytes, to: "m.onnx")
    return withExtendedLifetime(scratch) { ONNXFile.examine(path) }
  }

  /// y = [b, b] with b = [a, a], a = x
  private var chain: [Wire] {
    [
      Wire.node("Concat", ["x"], ["a"], [axis]), Wire.node("Concat", ["a", "a"], ["b"], [axis]),
      Wire.node("Concat", ["b", "b"], ["y"], [axis]),
    ]
  }

  @Test func everyOrderRunsAlike() throws {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      let found = try examine(order.map { chain[$0] })
      #expect(found.problems.isEmpty)
      #expect(found.warnings.map { $0.code } == (order == [0, 1, 2] ? [] : [.unsorted]), "\(order)")
      let graph = try #require(found.graph)
      #expect(graph.outputs.map { graph.values[$0].name } == ["y"])
      let result = try graph.evaluate([try Tensor([1], [Float(3)])])
      #expect(result[0].array(of: Float.self) == [3, 3, 3, 3])
    }
  }

  @Test func theWarningNamesBoth() throws {
    let message = try #require(try examine([chain[1], chain[0], chain[2]]).warnings.first).message
    #expect(message.contains("node 'the Concat' (Concat) is listed before node 'the Concat' (Concat)"))
  }

  @Test func cyclesStayErrors() throws {
    let loop = Wire.node("Concat", ["y", "x"], ["a"], [axis])
    let found = try examine([chain[2], loop, chain[1]])
    #expect(found.problems.map { $0.code } == [.cycle])
    #expect(found.warnings.isEmpty)
    // For a value behind a cycle, the message names its producer by operator and place.
    let nameless = Wire().text(1, "a").text(2, "a").text(4, "Concat").message(5, axis)
    let waits = try examine([Wire.node("Concat", ["a"], ["y"], [axis]), nameless])
    #expect(waits.problems.first?.message.hasPrefix("node 1 (Concat): input 'a' depends on this node's own") == true)
  }

  @Test func aNodeWithoutANameIsToldByItsPlace() throws {
    let nameless = Wire().text(1, "nothing").text(2, "y").text(4, "Relu")
    let problem = try #require(try examine([chain[0], nameless]).problems.first)
    #expect(problem.code == .undefinedValue)
    #expect(problem.message.hasPrefix("node 1 (Relu): input 'nothing' is produced by no node"))
    let graph = try #require(try examine([Wire().text(1, "x").text(2, "y").text(4, "Relu")]).graph)
    #expect(graph.nodes[0].place == "node 0 (Relu)")
  }

  @Test func namesAreBytes() throws {
    // é as one character and as two, and two invalid UTF-8 bytes that replacement would make equal.
    let names: [[UInt8]] = [Array("\u{E9}".utf8), Array("e\u{301}".utf8), [0xE9], [0xE8]]
    var nodes: [Wire] = []
    for (index, name) in names.enumerated() {
      let previous = index == 0 ? Array("x".utf8) : names[index - 1]
      nodes.append(Wire().data(1, previous).data(2, name).text(4, "Relu"))
    }
    nodes.append(Wire().data(1, names[3]).text(2, "y").text(4, "Relu"))
    let found = try examine(nodes)
    #expect(found.problems.isEmpty, "\(found.problems)")
    let graph = try #require(found.graph)
    #expect(graph.nodes.count == 5)
    #expect(try graph.evaluate([try Tensor([1], [Float(3)])])[0].array(of: Float.self) == [3])
  }

  @Test func bytesThatAreNoTextAreWrittenAgain() throws {
    let name: [UInt8] = [0x61, 0xE9, 0x62]
    let graph = Wire().message(1, Wire().text(1, "x").data(2, name).data(3, name).text(4, "Relu"))
      .message(1, Wire().data(1, name).text(2, "y").text(4, "Relu")).data(2, name).message(11, x).message(12, y)
    let scratch = try TemporaryFolder()
    let model = Wire.model(graph).message(14, Wire().data(1, name).data(2, name))
    let read = try ONNXFile.read(try scratch.write(model.bytes, to: "m.onnx"))
    try ONNXFile.write(read, to: scratch.path + "/n.onnx")
    let written = try [UInt8](#require(FileBytes.read(scratch.path + "/n.onnx")))
    // Value, its reader, node, graph, key and value of the metadata.
    #expect(FileBytes.count(of: name, in: written) == 6)
    #expect(try ONNXFile.read(scratch.path + "/n.onnx").name == read.name)
  }

  @Test func problemsAreCountedBeyondTheLimit() throws {
    let nodes = (0..<1500).map { Wire.node("Relu", ["nothing\($0)"], ["v\($0)"]) }
    let found = try examine(nodes + [Wire.node("Relu", ["x"], ["y"])])
    #expect(found.problems.count == Limits.standard.findings)
    #expect(found.moreProblems == 500)
    let long = String(repeating: "n", count: 16000)
    for problem in try examine([Wire.node("Relu", [long], [long + "o"])]).problems {
      #expect(problem.message.utf8.count < GraphError.longestMessage + 10)
    }
  }
}
