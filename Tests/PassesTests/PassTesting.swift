import ModelGraph
import TestSupport
import Testing

extension Sketch {
  /// How many nodes of the graph are of the kind.
  func count(_ name: String) -> Int { graph.nodes.filter { $0.operation.name == name }.count }
}

extension Graph {
  var operators: [String] { nodes.map { $0.operation.name } }

  /// Made-up feeds for the inputs, symbols bound to `extent`.
  func feeds(_ extent: Int = 3) throws -> [Tensor] {
    var sketch = Sketch()
    return try inputs.map { id in
      let declaration = try #require(values[id].declaration)
      return try sketch.noise.tensor(declaration.shape(fallback: extent))
    }
  }
}

/// The largest difference between the outputs of two graphs fed the same, relative to the largest number among them.
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

/// Runs one pass, checks that the outputs stay within `tolerance` of what they were, and that it finds no more.
func apply(_ pass: (inout Graph) -> Int, to sketch: Sketch, changes: Int, tolerance: Double = 0) throws -> Graph {
  var graph = sketch.graph
  #expect(pass(&graph) == changes)
  #expect(try difference(sketch.graph, graph) <= tolerance)
  #expect(graph.outputs.map { graph.values[$0].name } == sketch.graph.outputs.map { sketch.graph.values[$0].name })
  #expect(pass(&graph) == 0)
  return graph
}
