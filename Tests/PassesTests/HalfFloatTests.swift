import Inference
import ModelGraph
import Passes
import TestSupport
import Testing

@Suite struct HalfFloatTests {
  /// Inputs, outputs and constants keep their type; between them there is only float32.
  @Test(arguments: [ElementType.float16, .bfloat16]) func interiorBecomesFloat32(_ type: ElementType) throws {
    var sketch = Sketch()
    let x = sketch.input([1, 3, 8, 8], type)
    let w = sketch.graph.addConstant("w", try Tensor.noise([4, 3, 3, 3], seed: 1).converted(to: type))
    let y = sketch.graph.add(.conv(Conv()), "conv", [x, w])
    let z = sketch.graph.add(.relu(Relu()), "relu", [y])
    sketch.graph.outputs = [z]

    var graph = sketch.graph
    #expect(lowerHalfFloats(&graph) == 2)
    #expect(lowerHalfFloats(&graph) == 0)
    #expect(graph.operators == ["Cast", "Conv", "Relu", "Cast"])
    let facts = try graph.infer()
    #expect(facts[graph.inputs[0]]?.type == type)
    #expect(facts[graph.outputs[0]]?.type == type)
    #expect(graph.values.compactMap { $0.constant?.type } == [.float32])

    let feed = try Tensor.noise([1, 3, 8, 8], seed: 2).converted(to: type)
    let exact = try sketch.graph.evaluate([feed])[0]
    let engine = try Engine(graph)
    let found = try engine.run([feed])[0]
    #expect(found.type == type)
    #expect(exact.type == type)
    for (a, b) in zip(found.doubles, exact.doubles) { #expect(abs(a - b) <= (type == .float16 ? 0x1p-10 : 0x1p-7) * 4) }
  }

  /// A Cast of the file still rounds, a Clip without bounds still stops at the largest number, and the graph's outputs have
  /// the type that the file says.
  @Test func whatObservesTheTypeStays() throws {
    var sketch = Sketch()
    let x = sketch.input([2], .float32)
    let half = sketch.graph.add(.cast(Cast(to: .float16)), "half", [x])
    let clipped = sketch.graph.add(.clip(Clip()), "clip", [half])
    let back = sketch.graph.add(.cast(Cast(to: .float32)), "back", [clipped])
    sketch.graph.outputs = [back, half]
    var graph = sketch.graph
    #expect(lowerHalfFloats(&graph) > 0)
    let feed = try Tensor([2], [Float(2049), 1e6])
    for result in [try sketch.graph.evaluate([feed]), try graph.evaluate([feed])] {
      #expect(result[0].doubles == [2048, 65504])
      #expect(result[1].type == .float16)
      #expect(result[1].doubles == [2048, .infinity])
    }
  }

  @Test func floatGraphsStayAsTheyAre() throws {
    var sketch = Sketch()
    let x = sketch.input([2])
    sketch.graph.outputs = [sketch.graph.add(.cast(Cast(to: .float16)), "half", [x])]
    var graph = sketch.graph
    #expect(lowerHalfFloats(&graph) == 0)
  }
}
