import ModelGraph
import Passes
import TestSupport
import Testing

/// Functions of one byte become tables; what is none stays.
@Suite struct TabulateBytesTests {
  /// QuantizeLinear and DequantizeLinear on one grid.
  private func grid(_ sketch: inout Sketch, _ x: Int, _ scale: Float, _ zero: Tensor) throws -> Int {
    let (scale, zero) = (sketch.constant(try Tensor(scalar: scale)), sketch.constant(zero))
    return try sketch.node("DequantizeLinear", [try sketch.node("QuantizeLinear", [x, scale, zero]), scale, zero])
  }

  @Test(arguments: [ElementType.uint8, .int8]) func functionsOfAByteAreExact(_ type: ElementType) throws {
    let zero = type == .uint8 ? try Tensor(scalar: UInt8(101)) : try Tensor(scalar: Int8(-3))
    var sketch = Sketch(seed: 3)
    let input = sketch.input([2, 3, 5, 4])
    let x = try grid(&sketch, input, 0.03, zero)
    let gate = try grid(&sketch, try sketch.node("HardSigmoid", [x]), 0.01, zero)
    let product = try grid(&sketch, try sketch.node("Mul", [gate, x]), 0.02, zero)
    let three = sketch.constant(try Tensor(Shape([1, 1]), [Float(3)]))
    sketch.output(try grid(&sketch, try sketch.node("Add", [product, three]), 0.05, zero))
    // The gate is read by another node too, so that it is a table of its own.
    sketch.output(try grid(&sketch, try sketch.node("GlobalAveragePool", [gate]), 0.02, zero))
    // A clamp between equal grids is left to the layer before; between different ones there is a table.
    sketch.output(try grid(&sketch, try sketch.node("Relu", [x]), 0.03, zero))
    sketch.output(try grid(&sketch, try sketch.node("Relu", [x]), 0.04, zero))
    var graph = sketch.graph
    #expect(tabulateBytes(&graph) == 4)
    _ = dropDeadNodes(&graph)
    #expect(try difference(sketch.graph, graph) == 0)
    #expect(graph.nodes.filter { $0.operation.name == "Gather" }.count == 3)
    #expect(!graph.operators.contains("HardSigmoid") && !graph.operators.contains("Mul"))
    #expect(graph.operators.filter { $0 == "Relu" }.count == 1)
  }

  @Test func valuesOfTwoBytesStay() throws {
    var sketch = Sketch(seed: 5)
    let zero = try Tensor(scalar: UInt8(128))
    let (a, b) = (sketch.input([1, 2, 3, 3]), sketch.input([1, 2, 3, 3]))
    let (x, y) = (try grid(&sketch, a, 0.03, zero), try grid(&sketch, b, 0.03, zero))
    sketch.output(try grid(&sketch, try sketch.node("Mul", [x, y]), 0.02, zero))
    // A constant of many numbers, and one that adds an axis.
    let many = try sketch.constant([1, 2, 1, 1])
    sketch.output(try grid(&sketch, try sketch.node("Mul", [x, many]), 0.02, zero))
    let wide = sketch.constant(try Tensor([1, 1, 1, 1, 1], [Float(2)]))
    sketch.output(try grid(&sketch, try sketch.node("Mul", [x, wide]), 0.02, zero))
    _ = try apply(tabulateBytes, to: sketch, changes: 0)
  }
}
