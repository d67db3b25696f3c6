import Foundation
import Inference
import ModelGraph
import Passes
import Testing

/// Passes and planning take time linear in the graph's size, not quadratic. tools/large-graphs tests files of 100,000
/// nodes.
@Suite(.serialized) struct LargeGraphTests {
  /// A graph over x `[N, 4, 2, 2]` that `step` adds nodes to.
  private static func graph(
    _ count: Int, _ step: (inout Graph, Graph.ValueID, Int) throws -> Graph.ValueID
  ) throws -> Graph {
    var graph = Graph(name: "large")
    var x = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(4), .fixed(2), .fixed(2)]))
    for index in 0..<count { x = try step(&graph, x, index) }
    graph.outputs = [x]
    return graph
  }

  private static func node(
    _ graph: inout Graph, _ kind: String, _ inputs: [Graph.ValueID], _ attributes: [Attribute] = []
  ) throws -> Graph.ValueID {
    // All nodes have the same name, as in some files.
    graph.add(try Operator(named: kind, inputCount: inputs.count, attributes), "same", inputs)
  }

  private static func chain(_ kind: String, _ attributes: [Attribute] = []) -> (Int) throws -> Graph {
    { count in try graph(count) { graph, x, _ in try node(&graph, kind, [x], attributes) } }
  }

  private static func constant(_ graph: inout Graph, _ tensor: Tensor) -> Graph.ValueID {
    graph.addConstant("same", tensor)
  }

  private static var kinds: [(name: String, build: (Int) throws -> Graph)] {
    [
      ("Identity", chain("Identity")), ("Relu", chain("Relu")), ("Flatten", chain("Flatten")),
      ("Cast", chain("Cast", [.int("to", 1)])), ("Dropout", chain("Dropout")),
      ("Transpose", chain("Transpose", [.ints("perm", [0, 1, 3, 2])])), ("Concat", chain("Concat", [.int("axis", 1)])),
      (
        "Reshape",
        { count in
          try graph(count) { graph, x, index in
            let shape: [Int64] = index % 2 == 0 ? [0, 4, 4] : [0, 4, 2, 2]
            return try node(&graph, "Reshape", [x, constant(&graph, try Tensor([shape.count], shape))])
          }
        }
      ),
      (
        "Add in diamonds",
        { count in
          try graph(count / 2) { graph, x, _ in try node(&graph, "Add", [x, try node(&graph, "Relu", [x])]) }
        }
      ),
      (
        "QuantizeLinear, DequantizeLinear and Relu",
        { count in
          try graph(count / 3) { graph, x, _ in
            let grid = [
              constant(&graph, try Tensor(scalar: Float(0.1))), constant(&graph, try Tensor(scalar: UInt8(128))),
            ]
            let q = try node(&graph, "QuantizeLinear", [x] + grid)
            return try node(&graph, "Relu", [try node(&graph, "DequantizeLinear", [q] + grid)])
          }
        }
      ),
      (
        "BatchNormalization after one Conv",
        { count in
          try graph(count) { graph, x, index in
            if index == 0 {
              return try node(&graph, "Conv", [x, constant(&graph, try Tensor(zeros: [4, 4, 1, 1]))])
            }
            let ones = constant(&graph, try Tensor([4], [Float](repeating: 1, count: 4)))
            return try node(&graph, "BatchNormalization", [x, ones, ones, ones, ones])
          }
        }
      ),
      (
        "ReduceMean",
        { count in
          try graph(count) { graph, x, index in
            let axes = constant(&graph, try Tensor([2], [Int64(2), 3]))
            let mean = try node(&graph, "ReduceMean", [graph.inputs[0], axes], [.int("keepdims", 0)])
            return index == 0 ? mean : try node(&graph, "Add", [x, mean])
          }
        }
      ),
      (
        "nodes that nobody reads",
        { count in
          var dead = try chain("Relu")(count)
          dead.outputs = [try #require(dead.nodes[0].outputs[0])]
          return dead
        }
      ),
      (
        "values that are all read at the end",
        { count in
          var values: [Graph.ValueID] = []
          return try graph(count) { graph, x, index in
            values.append(x)
            return try index < count / 2
              ? node(&graph, "Relu", [x]) : node(&graph, "Add", [x, values[count - 1 - index]])
          }
        }
      ),
    ]
  }

  @Test func timeGrowsWithTheGraph() throws {
    for (name, build) in Self.kinds {
      func seconds(_ count: Int) throws -> Double {
        var graph = try build(count)
        let start = Date()
        try PassPipeline.optimize(&graph)
        _ = try Engine(graph, inputShapes: [[1, 4, 2, 2]])
        return Date().timeIntervalSince(start)
      }
      _ = try seconds(100)
      let (few, many) = (try seconds(1000), try seconds(8000))
      // 8 times the nodes must take about 8 times the time; quadratic time would be 64 times, cubic 512 times.
      #expect(many < 24 * few + 0.5, "\(name): \(few) s for 1,000 nodes, \(many) s for 8,000")
    }
  }

  /// More steps than the greedy-by-size placement is meant for, with a mix of long-lived and short-lived values.
  @Test func manyBuffersShareMemoryAndNotTooEarly() throws {
    let graph = try Self.graph(20_000) { graph, x, index in
      let y = try Self.node(&graph, "Sigmoid", [x])
      return index % 50 == 49 ? try Self.node(&graph, "Add", [y, graph.inputs[0]]) : y
    }
    let engine = try Engine(graph, inputShapes: [[1, 4, 2, 2]])
    #expect(engine.activationBytes < 4096)
    let x = try Tensor([1, 4, 2, 2], (0..<16).map { Float($0) / 8 - 1 })
    let (found, wanted) = (try engine.run([x])[0], try graph.evaluate([x])[0])
    for (a, b) in zip(found.doubles, wanted.doubles) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func foldingStopsWhereConstantsSwell() throws {
    // Each Concat doubles its input: 2 KiB become 2 GiB after 20.
    var graph = Graph(name: "bomb")
    let x = graph.addInput("x", Declaration(.float32, [.fixed(1), .fixed(1)]))
    var c = graph.addConstant("c", try Tensor(zeros: [1, 512]))
    for _ in 0..<20 { c = try Self.node(&graph, "Concat", [c, c], [.int("axis", 1)]) }
    graph.outputs = [try Self.node(&graph, "Mul", [x, c])]
    let before = graph.constantBytes
    try PassPipeline.optimize(&graph)
    #expect(graph.constantBytes <= 2 * before + Limits.standard.memoryBytes / 8)
    #expect(graph.nodes.count > 1)
    var limits = Limits.standard
    limits.memoryBytes = 1 << 16
    try PassPipeline.optimize(&graph, limits: limits)
  }

  @Test func aPlanThatAsksForTooMuchIsRefused() throws {
    var graph = Graph(name: "huge")
    var x = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(30), .fixed(1024), .fixed(1024)]))
    for _ in 0..<3 { x = try Self.node(&graph, "Relu", [x]) }
    graph.outputs = [x]
    func plan(_ shape: Shape, _ memoryBytes: Int? = nil) throws {
      var options = EngineOptions()
      if let memoryBytes { options.limits.memoryBytes = memoryBytes }
      _ = try Engine(graph, inputShapes: [shape], options: options)
    }
    // 120 MiB per value: two alive at a time, the input and the output are within the limit, which is per picture of a
    // batch.
    try plan([1, 30, 1024, 1024])
    try plan([2, 30, 1024, 1024])
    let error = #expect(throws: GraphError.self) { try plan([1, 30, 1024, 1024], 400 << 20) }
    #expect(error?.code == .tooLarge)
    #expect(error?.message.contains("--max-memory") == true)
    // A batch size fixed by the file does not raise the limit.
    graph.values[graph.inputs[0]].declaration = Declaration(.float32, [2, 30, 1024, 1024])
    #expect(throws: GraphError.self) { try plan([2, 30, 1024, 1024]) }
    try plan([2, 30, 1024, 1024], 2 << 30)
  }

  @Test(arguments: [("Shape", 1), ("Identity", 1), ("Relu", 5)])
  func inputsAndOutputsCountAsMemoryOfARun(_ operation: String, _ outputs: Int) throws {
    // Shape reads no element of its input; a value that is returned five times takes five tensors.
    var graph = Graph(name: "ports")
    let x = graph.addInput("x", Declaration(.float32, [1, 256, 1024]))
    graph.outputs = [Graph.ValueID](repeating: try Self.node(&graph, operation, [x]), count: outputs)
    func plan(_ memoryBytes: Int) throws {
      var options = EngineOptions()
      options.limits.memoryBytes = memoryBytes
      _ = try Engine(graph, options: options)
    }
    let ports = (1 << 20) * (operation == "Shape" ? 1 : 1 + outputs)
    let error = #expect(throws: GraphError.self) { try plan(ports - 1) }
    #expect(error?.code == .tooLarge)
    try plan(ports + (2 << 20))
  }
}
