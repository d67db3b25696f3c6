import ModelGraph
import Passes
import TestSupport
import Testing

@Suite struct DequantizeConstantsTests {
  /// A Conv of floats with int8 weights behind a DequantizeLinear, as quantisers write layers that they leave in float.
  @Test func weightsOfAFloatProductBecomeFloats() throws {
    var sketch = Sketch(seed: 1)
    let x = sketch.input([1, 3, 5, 5])
    let integers = sketch.constant(try Tensor([4, 3, 1, 1], (0..<12).map { Int8($0 * 9 - 50) }))
    let scales = sketch.constant(try Tensor([4], [Float(0.5), 0.25, 2, 1]))
    let zeros = sketch.constant(try Tensor(zeros: [4], type: .int8))
    let w = try sketch.node("DequantizeLinear", [integers, scales, zeros], [.int("axis", 0)])
    let y = try sketch.node("Conv", [x, w])
    sketch.output(y)
    let before = sketch.graph
    var after = before
    #expect(dequantizeConstants(&after) == 1)
    #expect(after.nodes.count == 1)
    #expect(after.values[w].constant?.type == .float32)
    let images = try Tensor.noise([1, 3, 5, 5], seed: 4)
    let (a, b) = (try before.evaluate([images])[0], try after.evaluate([images])[0])
    #expect(a.array(of: Float.self) == b.array(of: Float.self))
    var whole = before
    try PassPipeline.optimize(&whole)
    #expect(whole.nodes.count == 1)
  }

  /// Integers that a run computes stay as they are, and so does a weight that is a result of the graph.
  @Test func othersStay() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3], .int8)
    let scale = sketch.constant(try Tensor(scalar: Float(0.5)))
    sketch.output(try sketch.node("Relu", [try sketch.node("DequantizeLinear", [x, scale])]))
    let constant = sketch.constant(try Tensor([2], [Int8(1), 2]))
    sketch.output(try sketch.node("DequantizeLinear", [constant, scale]))
    var graph = sketch.graph
    #expect(dequantizeConstants(&graph) == 0)
  }
}
