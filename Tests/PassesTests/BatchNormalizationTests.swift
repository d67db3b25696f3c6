import ModelGraph
import Passes
import TestSupport
import Testing

@Suite struct BatchNormalizationTests {
  @Test(arguments: [true, false]) func normGoesIntoTheConvBeforeIt(_ bias: Bool) throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3, 6, 6])
    sketch.output(try sketch.norm(try sketch.conv(x, from: 3, to: 5, bias: bias), 5))
    #expect(try apply(foldBatchNormalization, to: sketch, changes: 1, tolerance: 1e-6).operators == ["Conv"])
  }

  @Test func sharedWeightsAreNotSpoilt() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 3, 4, 4])
    let w = try sketch.constant([3, 3, 1, 1])
    sketch.output(try sketch.norm(try sketch.node("Conv", [x, w]), 3))
    sketch.output(try sketch.node("Conv", [x, w]))
    #expect(try apply(foldBatchNormalization, to: sketch, changes: 1, tolerance: 1e-6).operators == ["Conv", "Conv"])
  }

  @Test func aConvReadTwiceOrPutOutStays() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 3, 4, 4])
    let y = try sketch.conv(x, from: 3, to: 3)
    sketch.output(try sketch.node("Add", [try sketch.norm(y, 3), y]))
    let z = try sketch.conv(x, from: 3, to: 3)
    sketch.output(z)
    sketch.output(try sketch.norm(z, 3))
    #expect(try apply(foldBatchNormalization, to: sketch, changes: 0).count("BatchNormalization") == 2)
  }

  @Test(arguments: [0, 1], [false, true]) func normGoesIntoTheGemmAfterIt(_ transB: Int, _ bias: Bool) throws {
    var sketch = Sketch()
    let x = try sketch.norm(sketch.input([.symbol("N"), .fixed(6)]), 6)
    let inputs = [x, try sketch.constant(transB == 1 ? [4, 6] : [6, 4])] + (bias ? [try sketch.constant([4])] : [])
    let attributes: [Attribute] = [.int("transB", transB), .float("alpha", 0.5), .float("beta", 2)]
    sketch.output(try sketch.node("Gemm", inputs, attributes))
    let graph = try apply(foldBatchNormalizationIntoGemm, to: sketch, changes: 1, tolerance: 1e-5)
    #expect(graph.operators == ["Gemm"])
  }

  @Test(arguments: [0, 1], [false, true]) func normGoesIntoTheGemmBeforeIt(_ transB: Int, _ bias: Bool) throws {
    var sketch = Sketch()
    let x = sketch.input([3, 6])
    let inputs =
      [x, try sketch.constant(transB == 1 ? [4, 6] : [6, 4])] + (bias ? [try sketch.constant([1, 4])] : [])
    let attributes: [Attribute] = [.int("transB", transB), .float("alpha", 0.5), .float("beta", 2)]
    sketch.output(try sketch.norm(try sketch.node("Gemm", inputs, attributes), 4))
    let graph = try apply(foldBatchNormalizationIntoGemm, to: sketch, changes: 1, tolerance: 1e-5)
    #expect(graph.operators == ["Gemm"])
  }

  @Test func normsAroundAMatMulMakeAGemm() throws {
    var sketch = Sketch()
    let x = try sketch.norm(sketch.input([3, 6]), 6)
    sketch.output(try sketch.norm(try sketch.node("MatMul", [x, try sketch.constant([6, 4])]), 4))
    var graph = sketch.graph
    #expect(foldBatchNormalizationIntoGemm(&graph) == 1)
    #expect(foldBatchNormalizationIntoGemm(&graph) == 1)
    #expect(graph.operators == ["Gemm"])
    #expect(try difference(sketch.graph, graph) < 1e-5)
  }

  @Test func stacksOfMatricesStay() throws {
    var sketch = Sketch()
    let x = try sketch.norm(sketch.input([2, 6, 6]), 6)
    sketch.output(try sketch.node("MatMul", [x, try sketch.constant([6, 4])]))
    #expect(try apply(foldBatchNormalizationIntoGemm, to: sketch, changes: 0).count("BatchNormalization") == 1)
  }
}
