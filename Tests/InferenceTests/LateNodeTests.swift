import Inference
import ModelGraph
import TestSupport
import Testing

/// Nodes whose shapes only a run finds.
@Suite struct LateNodeTests {
  /// x → Relu → Pad by an input → Add 1, and the Relu itself; the output of Pad declares its type.
  private func network() throws -> Graph {
    var graph = Graph(name: "late")
    let x = graph.addInput("x", Declaration(.float32, [.fixed(2)]))
    let pads = graph.addInput("pads", Declaration(.int64, [.fixed(2)]))
    let early = graph.add(.relu(Relu()), "early", [x])
    let padded = graph.add(.pad(Pad()), "padded", [early, pads])
    let one = graph.addConstant("one", try Tensor([1], [1] as [Float]))
    let sum = graph.add(.add(Add()), "sum", [padded, one])
    graph.values[sum].declaration = Declaration(.float32, [.symbol("n")])
    graph.outputs = [sum, early]
    return graph
  }

  private func pads(_ before: Int, _ after: Int) throws -> Tensor { try Tensor([2], [Int64(before), Int64(after)]) }

  @Test func theRestIsPlanned() throws {
    let engine = try Engine(try network(), options: EngineOptions(threads: 1, profile: true))
    #expect(engine.outputShapes == [nil, [2]])
    let x = try Tensor([2], [-3, 4] as [Float])
    for (before, after, expected) in [(0, 0, [1, 5]), (1, 2, [1, 1, 5, 1, 1]), (0, -1, [1])] as [(Int, Int, [Float])] {
      let results = try engine.run([x, try pads(before, after)])
      #expect(results[0].array(of: Float.self) == expected)
      #expect(results[1].array(of: Float.self) == [0, 4])
    }
    #expect(engine.profile.map { $0.kernel }.filter { $0 == "reference" }.count == 1)
    #expect(engine.profile.last?.name == "2 nodes of shapes that only a run finds")
  }

  @Test func enginesOfOnePlanShareThem() throws {
    let plan = try Plan(try network())
    let x = try Tensor([2], [-3, 4] as [Float])
    let (one, other) = (try Engine(plan), try Engine(plan))
    #expect(try one.run([x, try pads(0, 0)])[0].shape == [2])
    #expect(try other.run([x, try pads(1, 0)])[0].shape == [3])
  }

  @Test func theirResultsCountAgainstTheMemoryLimit() throws {
    var options = EngineOptions(threads: 1)
    options.limits.memoryBytes = 1 << 20
    let engine = try Engine(try network(), options: options)
    let x = try Tensor([2], [-3, 4] as [Float])
    #expect(try engine.run([x, try pads(0, 1 << 16)])[0].shape == [2 + (1 << 16)])
    let many = try pads(0, 1 << 18)
    let error = #expect(throws: GraphError.self) { try engine.run([x, many]) }
    #expect(error?.code == .tooLarge && error?.message.contains("--max-memory") == true)
  }

  @Test func anOutputWithoutATypeIsRefused() throws {
    var graph = try network()
    graph.values[graph.outputs[0]].declaration = nil
    let error = #expect(throws: GraphError.self) { try Engine(graph) }
    #expect(error?.code == .notConstant && error?.message.contains("'sum'") == true)
  }

  @Test func anotherTypeThanDeclaredIsRefused() throws {
    var graph = try network()
    graph.values[graph.outputs[0]].declaration = Declaration(.int64, [.symbol("n")])
    let engine = try Engine(graph)
    let inputs = [try Tensor([2], [-3, 4] as [Float]), try pads(0, 0)]
    #expect(#expect(throws: GraphError.self) { try engine.run(inputs) }?.code == .typeMismatch)
  }
}
