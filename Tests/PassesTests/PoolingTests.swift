import ModelGraph
import Passes
import TestSupport
import Testing

@Suite struct PoolingTests {
  @Test(arguments: [[2, 3], [-1, -2]] as [[Int64]], [true, false])
  func meansOverPixelsAreGlobalPooling(_ axes: [Int64], _ keeps: Bool) throws {
    var sketch = Sketch()
    let x = sketch.input([.symbol("N"), .fixed(3), .symbol("H"), .fixed(5)])
    sketch.output(try sketch.node("ReduceMean", [x, try sketch.ints(axes)], [.flag("keepdims", keeps)]))
    let graph = try apply(recogniseGlobalPooling, to: sketch, changes: 1, tolerance: 1e-6)
    #expect(graph.operators == (keeps ? ["GlobalAveragePool"] : ["GlobalAveragePool", "Flatten"]))
  }

  /// The nodes that torch.export writes for adaptive_max_pool2d(x, 1).
  @Test func maximaOverPixelsAreGlobalPooling() throws {
    var sketch = Sketch()
    let x = sketch.input([.symbol("N"), .fixed(3), .fixed(4), .fixed(5)])
    sketch.output(try sketch.node("ReduceMax", [x, try sketch.ints([-1, -2])]))
    sketch.output(try sketch.node("ReduceMax", [x, try sketch.ints([3])]))
    let graph = try apply(recogniseGlobalPooling, to: sketch, changes: 1)
    #expect(graph.operators == ["GlobalMaxPool", "ReduceMax"])
  }

  @Test func otherMeansStay() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3, 4, 5])
    sketch.output(try sketch.node("ReduceMean", [x, try sketch.ints([1, 2])]))
    sketch.output(try sketch.node("ReduceMean", [x]))
    #expect(try apply(recogniseGlobalPooling, to: sketch, changes: 0).count("ReduceMean") == 2)
  }

  @Test func windowsOverEverythingAreGlobalPooling() throws {
    var sketch = Sketch()
    let x = sketch.input([.symbol("N"), .fixed(3), .fixed(4), .fixed(5)])
    let whole: [Attribute] = [.ints("kernel_shape", [4, 5]), .ints("strides", [4, 5])]
    sketch.output(try sketch.node("MaxPool", [x], whole))
    sketch.output(try sketch.node("AveragePool", [x], whole))
    sketch.output(try sketch.node("AveragePool", [x], [.ints("kernel_shape", [4, 4])]))
    let graph = try apply(recogniseGlobalPooling, to: sketch, changes: 2, tolerance: 1e-6)
    #expect(graph.operators == ["GlobalMaxPool", "GlobalAveragePool", "AveragePool"])
  }

  @Test func windowsOverPicturesOfAnySizeStay() throws {
    var sketch = Sketch()
    let x = sketch.input([.fixed(1), .fixed(3), .symbol("H"), .symbol("W")])
    sketch.output(try sketch.node("MaxPool", [x], [.ints("kernel_shape", [3, 3])]))
    #expect(try apply(recogniseGlobalPooling, to: sketch, changes: 0).operators == ["MaxPool"])
  }

  @Test func fastaiConcatPoolHasOneForm() throws {
    var sketch = Sketch()
    let x = try sketch.node("Relu", [sketch.input([.symbol("N"), .fixed(3), .fixed(4), .fixed(4)])])
    let most = try sketch.node("Flatten", [try sketch.node("GlobalMaxPool", [x])])
    let mean = try sketch.node("Flatten", [try sketch.node("GlobalAveragePool", [x])])
    sketch.output(try sketch.node("Concat", [most, mean], [.int("axis", -1)]))
    var graph = try apply(normaliseConcatPool, to: sketch, changes: 1)
    #expect(dropDeadNodes(&graph) == 2)
    #expect(graph.operators == ["Relu", "GlobalMaxPool", "GlobalAveragePool", "Concat", "Flatten"])
    #expect(try difference(sketch.graph, graph) == 0)
  }
}

extension Graph {
  func count(_ name: String) -> Int { operators.filter { $0 == name }.count }
}
