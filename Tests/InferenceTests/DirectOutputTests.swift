import Inference
import ModelGraph
import TestSupport
import Testing

/// Outputs that the last step writes where the caller has them, and those that it may not.
@Suite struct DirectOutputTests {
  @Test(arguments: 0..<8) func outputs(_ kind: Int) throws {
    var sketch = Sketch(seed: kind)
    let x = sketch.input([2, 5, 20, 19])
    let y = try sketch.conv(x, from: 5, to: 7)
    switch kind {
    case 0: sketch.output(y)
    case 1:  // Twice the same value.
      sketch.output(y)
      sketch.output(y)
    case 2:  // Read too.
      sketch.output(y)
      sketch.output(try sketch.node("Relu", [y]))
    case 3:  // Read in plain layout, before and behind.
      let flat = try sketch.node("Reshape", [y, try sketch.ints([2, -1])])
      sketch.output(y)
      sketch.output(try sketch.node("Neg", [flat]))
    case 4:  // Another name of the same memory.
      sketch.output(y)
      sketch.output(try sketch.node("Reshape", [y, try sketch.ints([14, 380])]))
    case 5:
      sketch.output(try sketch.depthwise(x, 5, 3))
    case 6:  // Over planes, and read too.
      let z = try sketch.depthwise(x, 5, 5)
      sketch.output(z)
      sketch.output(try sketch.node("Sigmoid", [z]))
    default:  // Behind another layer, with an activation of its own.
      let z = try sketch.depthwise(try sketch.node("Sigmoid", [x]), 5, 3)
      sketch.output(try sketch.node("HardSwish", [z]))
    }
    try sketch.check()
  }

  /// Results are written in place, and results of an earlier run that the caller still has stay as they are.
  @Test func earlierResults() throws {
    var sketch = Sketch(seed: 1)
    sketch.output(try sketch.depthwise(sketch.input([1, 4, 20, 20]), 4, 3))
    let engine = try Engine(sketch.graph)
    let inputs = try (0..<2).map { _ in try sketch.noise.tensor([1, 4, 20, 20], scale: 1) }
    var results = try engine.run([inputs[0]])
    let (kept, first) = (results, results[0].array(of: Float.self))
    let wanted = try sketch.graph.evaluate([inputs[1]])[0].array(of: Float.self)
    for _ in 0..<2 {
      try engine.run([inputs[1]], into: &results)
      #expect(zip(results[0].array(of: Float.self), wanted).allSatisfy { abs($0 - $1) < 1e-5 })
      #expect(kept[0].array(of: Float.self) == first)
    }
    var wrong = [try Tensor(zeros: [1, 4, 20, 21])]
    #expect(throws: GraphError.self) { try engine.run([inputs[1]], into: &wrong) }
  }
}

extension Sketch {
  fileprivate mutating func depthwise(_ x: Int, _ channels: Int, _ columns: Int) throws -> Int {
    let weights = try constant([channels, 1, columns, columns])
    let pads = [Int](repeating: columns / 2, count: 4)
    return try node("Conv", [x, weights], [.ints("pads", pads), .int("group", channels)])
  }
}
