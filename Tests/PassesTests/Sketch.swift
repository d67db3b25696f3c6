import ModelGraph
import Testing

/// Builds a graph in a few lines, with pseudo-random constants that are the same every time.
struct Sketch {
  var graph = Graph(name: "sketch")
  private var state: UInt64 = 1

  /// Uniform in -1 ..< 1.
  mutating func numbers(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
    }
  }

  mutating func tensor(_ shape: Shape) throws -> Tensor { try Tensor(shape, numbers(shape.count)) }

  mutating func input(_ dimensions: [Dimension]) -> Graph.ValueID {
    graph.addInput(graph.freshName("input"), Declaration(.float32, dimensions))
  }

  mutating func input(_ shape: Shape) -> Graph.ValueID {
    graph.addInput(graph.freshName("input"), Declaration(.float32, shape))
  }

  mutating func weights(_ shape: Shape) throws -> Graph.ValueID { graph.addFreshConstant("w", try tensor(shape)) }

  mutating func ints(_ values: [Int64]) throws -> Graph.ValueID {
    graph.addFreshConstant("ints", try Tensor([values.count], values))
  }

  mutating func node(_ name: String, _ inputs: [Graph.ValueID?], _ attributes: [Attribute] = []) throws
    -> Graph.ValueID
  {
    let operation = try Operator(named: name, inputCount: inputs.count, attributes)
    return graph.add(operation, graph.freshName(name), inputs)
  }

  mutating func conv(_ x: Graph.ValueID, from: Int, to: Int, bias: Bool = false) throws -> Graph.ValueID {
    let inputs = [x, try weights([to, from, 3, 3])] + (bias ? [try weights([to])] : [])
    return try node("Conv", inputs, [.ints("pads", [1, 1, 1, 1])])
  }

  mutating func norm(_ x: Graph.ValueID, _ channels: Int) throws -> Graph.ValueID {
    let variance = try Tensor([channels], numbers(channels).map { $0 * $0 + 0.1 })
    return try node(
      "BatchNormalization",
      [
        x, try weights([channels]), try weights([channels]), try weights([channels]),
        graph.addFreshConstant("var", variance),
      ], [.float("epsilon", 1e-3)])
  }

  mutating func output(_ id: Graph.ValueID) { graph.outputs.append(id) }

  /// The number of nodes of one operator.
  func count(_ name: String) -> Int { graph.nodes.filter { $0.operation.name == name }.count }
}

extension Graph {
  var operators: [String] { nodes.map { $0.operation.name } }

  /// Pseudo-random inputs, with symbols bound to `extent`.
  func feeds(_ extent: Int = 3) throws -> [Tensor] {
    var sketch = Sketch()
    return try inputs.map { id in
      let declaration = try #require(values[id].declaration)
      return try sketch.tensor(declaration.shape(fallback: extent))
    }
  }
}

/// The largest difference between the outputs of two graphs with the same inputs, relative to the largest magnitude.
func difference(_ a: Graph, _ b: Graph, extent: Int = 3) throws -> Double {
  let feeds = try a.feeds(extent)
  let (x, y) = (try a.evaluate(feeds), try b.evaluate(feeds))
  #expect(x.map { $0.shape } == y.map { $0.shape })
  var worst = 0.0
  var largest = 1e-30
  for (p, q) in zip(x, y) {
    for (u, v) in zip(p.doubles, q.doubles) {
      worst = max(worst, abs(u - v))
      largest = max(largest, abs(u))
    }
  }
  return worst / largest
}

/// Runs one pass, checks that the outputs change by at most `tolerance` and that a second run changes nothing.
func apply(_ pass: (inout Graph) -> Int, to sketch: Sketch, changes: Int, tolerance: Double = 0) throws -> Graph {
  var graph = sketch.graph
  #expect(pass(&graph) == changes)
  #expect(try difference(sketch.graph, graph) <= tolerance)
  #expect(graph.outputs.map { graph.values[$0].name } == sketch.graph.outputs.map { sketch.graph.values[$0].name })
  #expect(pass(&graph) == 0)
  return graph
}
