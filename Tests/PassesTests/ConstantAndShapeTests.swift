import ModelGraph
import Passes
import TestSupport
import Testing

@Suite struct ConstantAndShapeTests {
  @Test func arithmeticOfConstantsIsFolded() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3])
    let w = try sketch.node("Transpose", [try sketch.constant([4, 3])])
    let scaled = try sketch.node("Mul", [w, try sketch.constant([4])])
    sketch.output(try sketch.node("MatMul", [x, scaled]))
    #expect(try apply(foldConstants, to: sketch, changes: 2).operators == ["MatMul"])
  }

  @Test func dequantizedWeightsAndBlownUpOnesStay() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 300])
    let int8 = sketch.graph.addConstant("int8", try Tensor([300, 300], [Int8](repeating: 3, count: 90_000)))
    let scale = sketch.graph.addConstant("scale", try Tensor(scalar: Float(0.5)))
    let weights = try sketch.node("DequantizeLinear", [int8, scale])
    let y = try sketch.node("MatMul", [x, weights])
    let outer = try sketch.node("Mul", [try sketch.constant([300, 1]), try sketch.constant([1, 300])])
    sketch.output(try sketch.node("MatMul", [y, outer]))
    #expect(try apply(foldConstants, to: sketch, changes: 0).nodes.count == 4)
  }

  /// onnxruntime's quantiser writes a weight that another layer shares as a dequantised constant that is quantised again,
  /// on steps of its own.
  @Test func weightsThatAreQuantisedAgainAreFolded() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 300])
    let numbers = (0..<90_000).map { Int8(truncatingIfNeeded: $0 * 37 % 251) }
    let shared = sketch.graph.addConstant("shared", try Tensor([300, 300], numbers))
    let steps = sketch.graph.addConstant("steps", try Tensor([300], (0..<300).map { 0.01 + Float($0) / 1000 }))
    let floats = try sketch.node("DequantizeLinear", [shared, steps], [.int("axis", 0)])
    let scale = sketch.graph.addConstant("scale", try Tensor(scalar: Float(0.37)))
    let zero = sketch.graph.addConstant("zero", try Tensor(scalar: UInt8(117)))
    let again = try sketch.node("QuantizeLinear", [floats, scale, zero])
    let y = try sketch.node("MatMul", [x, try sketch.node("DequantizeLinear", [again, scale, zero])])
    sketch.output(try sketch.node("MatMul", [y, floats]))
    let graph = try apply(foldConstants, to: sketch, changes: 1)
    #expect(graph.operators == ["DequantizeLinear", "DequantizeLinear", "MatMul", "MatMul"])
    let id = try #require(graph.nodes[1].inputs[0])
    let folded = try #require(graph.values[id].constant)
    let expected = numbers.enumerated().map { index, number in
      let value = (Float(number) * (0.01 + Float(index / 300) / 1000) / 0.37).rounded(.toNearestOrEven) + 117
      return UInt8(min(max(value, 0), 255))
    }
    #expect(try folded.array(of: UInt8.self) == expected)
  }

  /// A table of biases that attention gathers from, all quantised.
  @Test func movedConstantsThatAreQuantisedAgainAreFolded() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 40])
    let numbers = (0..<60 * 50).map { Int8(truncatingIfNeeded: $0 * 37 % 251) }
    let table = sketch.graph.addConstant("table", try Tensor([60, 50], numbers))
    let scale = sketch.graph.addConstant("scale", try Tensor(scalar: Float(0.25)))
    let floats = try sketch.node("DequantizeLinear", [table, scale])
    let turned = try sketch.node("Transpose", [floats], [.ints("perm", [1, 0])])
    let rows = (0..<40).map { Int64($0 * 7 % 50) }
    let places = sketch.graph.addConstant("places", try Tensor([40], rows))
    let gathered = try sketch.node("Gather", [turned, places])
    let half = sketch.graph.addConstant("half", try Tensor(scalar: Float(0.5)))
    let zero = sketch.graph.addConstant("zero", try Tensor(scalar: Int8(1)))
    let again = try sketch.node("QuantizeLinear", [gathered, half, zero])
    let biases = try sketch.node("DequantizeLinear", [again, half, zero])
    sketch.output(try sketch.node("MatMul", [x, biases]))
    let graph = try apply(foldConstants, to: sketch, changes: 1)
    #expect(graph.operators == ["DequantizeLinear", "Transpose", "Gather", "DequantizeLinear", "MatMul"])
    let id = try #require(graph.nodes.first { $0.outputs[0] == biases }?.inputs[0])
    let folded = try #require(graph.values[id].constant)
    let expected = rows.flatMap { row in
      (0..<60).map { Int8((Float(numbers[$0 * 50 + Int(row)]) / 2).rounded(.toNearestOrEven) + 1) }
    }
    #expect(try folded.array(of: Int8.self) == expected)
  }

  /// The nodes that exporters write for x.view(x.shape[0], -1).
  private func viewed(_ batch: Dimension) throws -> Sketch {
    var sketch = Sketch()
    let x = sketch.input([batch, .fixed(4), .fixed(2), .fixed(2)])
    let shape = try sketch.node("Shape", [x])
    let index = sketch.graph.addConstant("zero", try Tensor(scalar: Int64(0)))
    let extent = try sketch.node("Gather", [shape, index])
    let row = try sketch.node("Unsqueeze", [extent, try sketch.ints([0])])
    let target = try sketch.node("Concat", [row, try sketch.ints([-1])], [.int("axis", 0)])
    sketch.output(try sketch.node("Reshape", [try sketch.node("Relu", [x]), target]))
    return sketch
  }

  @Test func fixedShapesAreFolded() throws {
    let graph = try apply(foldConstants, to: try viewed(.fixed(5)), changes: 4)
    #expect(graph.operators == ["Relu", "Reshape"])
  }

  @Test func symbolicShapesAreNot() throws {
    #expect(try apply(foldConstants, to: try viewed(.symbol("N")), changes: 0).nodes.count == 6)
  }

  @Test func viewsAreRecognisedAsFlatten() throws {
    var graph = try apply(recogniseFlatten, to: try viewed(.symbol("N")), changes: 1)
    #expect(dropDeadNodes(&graph) == 7)
    #expect(graph.operators == ["Relu", "Flatten"])
    let before = try viewed(.symbol("N")).graph
    #expect(try difference(before, graph, extent: 7) == 0)
  }

  @Test func reshapesAcrossTheBatchAreNot() throws {
    var sketch = Sketch()
    let x = sketch.input([.symbol("N"), .fixed(4), .fixed(2)])
    sketch.output(try sketch.node("Reshape", [x, try sketch.ints([-1, 4])]))
    sketch.output(try sketch.node("Reshape", [x, try sketch.ints([1, -1])]))
    #expect(try apply(recogniseFlatten, to: sketch, changes: 0).operators == ["Reshape", "Reshape"])
  }
}
