import ModelGraph
import Passes
import TestSupport
import Testing

@Suite struct FusionTests {
  @Test(arguments: [[5], [1, 5], [1]] as [[Int]]) func matMulAndARowMakeAGemm(_ row: [Int]) throws {
    var sketch = Sketch()
    let product = try sketch.node("MatMul", [sketch.input([3, 4]), try sketch.constant([4, 5])])
    sketch.output(try sketch.node("Add", [try sketch.constant(Shape(row)), product]))
    #expect(try apply(fuseMatMulAdd, to: sketch, changes: 1, tolerance: 1e-6).operators == ["Gemm"])
  }

  @Test func matMulAndAColumnStay() throws {
    var sketch = Sketch()
    let product = try sketch.node("MatMul", [sketch.input([5, 4]), try sketch.constant([4, 5])])
    sketch.output(try sketch.node("Add", [product, try sketch.constant([5, 1])]))
    #expect(try apply(fuseMatMulAdd, to: sketch, changes: 0).operators == ["MatMul", "Add"])
  }

  @Test func residualBlockIsTwoConvolutions() throws {
    var sketch = Sketch()
    let x = sketch.input([.symbol("N"), .fixed(4), .symbol("H"), .symbol("W")])
    var y = try sketch.node("Relu", [try sketch.conv(x, from: 4, to: 4)])
    y = try sketch.node("Add", [try sketch.conv(y, from: 4, to: 4, bias: true), x])
    sketch.output(try sketch.node("Relu", [y]))
    let graph = try apply(fuseConvolution, to: sketch, changes: 3, tolerance: 1e-6)
    #expect(graph.operators == ["FusedConv", "FusedConv"])
  }

  /// The first operand is produced by a node between the convolution and the sum.
  @Test func fusedNodeStandsBehindWhatItReads() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 4, 5, 5])
    let y = try sketch.conv(x, from: 4, to: 4)
    let z = try sketch.node("Sigmoid", [x])
    sketch.output(try sketch.node("Relu", [try sketch.node("Add", [z, y])]))
    let graph = try apply(fuseConvolution, to: sketch, changes: 2, tolerance: 1e-6)
    #expect(graph.operators == ["Sigmoid", "FusedConv"])
  }

  @Test func ofTwoConvolutionsTheLaterTakesTheSum() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 4, 5, 5])
    let (a, b) = (try sketch.conv(x, from: 4, to: 4), try sketch.conv(x, from: 4, to: 4))
    sketch.output(try sketch.node("Add", [a, b]))
    let graph = try apply(fuseConvolution, to: sketch, changes: 1, tolerance: 1e-6)
    #expect(graph.operators == ["Conv", "FusedConv"])
    #expect(graph.nodes[1].inputs[3] == graph.nodes[0].outputs[0])
  }

  @Test func relu6IsAnActivation() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 4, 5, 5])
    let low = sketch.graph.addConstant("low", try Tensor(scalar: Float(0)))
    let high = sketch.graph.addConstant("high", try Tensor(scalar: Float(0.6)))
    sketch.output(try sketch.node("Clip", [try sketch.conv(x, from: 4, to: 4), low, high]))
    sketch.output(try sketch.node("Clip", [try sketch.conv(x, from: 4, to: 4), nil, high]))
    let graph = try apply(fuseConvolution, to: sketch, changes: 2, tolerance: 1e-6)
    #expect(graph.operators == ["FusedConv", "FusedConv"])
  }

  @Test func sumsThatBroadcastAndValuesReadTwiceStay() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 4, 5, 5])
    let y = try sketch.conv(x, from: 4, to: 4)
    sketch.output(try sketch.node("Add", [y, try sketch.constant([4, 1, 1])]))
    let z = try sketch.conv(x, from: 4, to: 4)
    sketch.output(try sketch.node("Add", [z, z]))
    let put = try sketch.conv(x, from: 4, to: 4)
    sketch.output(put)
    sketch.output(try sketch.node("Relu", [put]))
    #expect(try apply(fuseConvolution, to: sketch, changes: 0).count("FusedConv") == 0)
  }
}
