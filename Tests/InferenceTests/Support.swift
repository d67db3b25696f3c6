import Inference
import ModelGraph
import TestSupport
import Testing

extension Sketch {
  /// Runs the graph by kernels and by definition and expects the same, for one and for three threads, twice each (a
  /// second run finds the first one's leftovers in its buffers). Without Winograd, whose errors are measured in sums before
  /// an activation cuts them; `WinogradChoiceTests` has that.
  ///
  /// - Parameters:
  ///   - given: the inputs; nil for noise.
  ///   - references: how many steps may run by their definition; nil for any number.
  mutating func check(
    _ given: [Tensor]? = nil, tolerance: Float = 1e-5, references: Int? = 0, exact: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var inputs = given ?? []
    for id in graph.inputs where given == nil {
      let declaration = try #require(graph.values[id].declaration, sourceLocation: sourceLocation)
      inputs.append(try noise.tensor(declaration.shape(), scale: 2))
    }
    let expected = try graph.evaluate(inputs)
    for threads in [1, 3] {
      let engine = try Engine(graph, options: EngineOptions(threads: threads, exact: exact))
      let planned = engine.profile.map { "\($0.name) \($0.kernel)" }.joined(separator: ", ")
      let reference = engine.profile.count { $0.kernel == "reference" }
      #expect(reference == references ?? reference, "\(planned)", sourceLocation: sourceLocation)
      for _ in 0..<2 {
        let found = try engine.run(inputs)
        #expect(found.count == expected.count, sourceLocation: sourceLocation)
        for (a, b) in zip(found, expected) {
          #expect(a.shape == b.shape, sourceLocation: sourceLocation)
          let (x, y) = (a.array(of: Float.self), b.array(of: Float.self))
          let largest = y.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
          let wrong = zip(x, y).count { found, wanted in
            found.isNaN && wanted.isNaN || found == wanted ? false : !(abs(found - wanted) <= tolerance * largest)
          }
          #expect(wrong == 0, "of \(y.count), \(planned)", sourceLocation: sourceLocation)
        }
      }
    }
  }
}
