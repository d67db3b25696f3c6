import ModelGraph
import Passes
import TestSupport
import Testing

@Suite struct PassPipelineTests {
  /// A residual network with fastai's head, written with redundant operators.
  private func network() throws -> Sketch {
    var sketch = Sketch()
    let x = sketch.input([.symbol("N"), .fixed(3), .fixed(8), .fixed(8)])
    var y = try sketch.node("Relu", [try sketch.norm(try sketch.conv(x, from: 3, to: 4), 4)])
    var z = try sketch.node("Relu", [try sketch.norm(try sketch.conv(y, from: 4, to: 4), 4)])
    z = try sketch.norm(try sketch.conv(z, from: 4, to: 4), 4)
    y = try sketch.node("Relu", [try sketch.node("Add", [z, try sketch.node("Identity", [y])])])
    let most = try sketch.node("MaxPool", [y], [.ints("kernel_shape", [8, 8])])
    let mean = try sketch.node("ReduceMean", [y, try sketch.ints([2, 3])])
    y = try sketch.node("Concat", [most, mean], [.int("axis", 1)])
    y = try sketch.norm(try sketch.node("Flatten", [y]), 8)
    y = try sketch.node("MatMul", [try sketch.node("Dropout", [y]), try sketch.constant([8, 6])])
    y = try sketch.norm(try sketch.node("Relu", [y]), 6)
    y = try sketch.node(
      "Add", [try sketch.node("MatMul", [y, try sketch.constant([6, 2])]), try sketch.constant([2])])
    sketch.output(try sketch.node("Identity", [y]))
    return sketch
  }

  @Test func networkComesOutAsTheRuntimeWantsIt() throws {
    let before = try network().graph
    var after = before
    let report = try PassPipeline.optimize(&after)
    #expect(
      after.operators == [
        "FusedConv", "FusedConv", "FusedConv", "GlobalMaxPool", "GlobalAveragePool", "Concat", "Flatten", "Gemm",
        "Relu", "Gemm",
      ])
    #expect(try difference(before, after) < 1e-5)
    #expect(report.first { $0.name == "fold-batch-normalization" }?.changes == 3)
    #expect(report.first { $0.name == "fold-batch-normalization-into-gemm" }?.changes == 2)
    #expect(report.first { $0.name == "fuse-convolution" }?.changes == 4)
    #expect(after.values[after.outputs[0]].name == before.values[before.outputs[0]].name)
    #expect(after.inputs.count == 1)
  }

  @Test func anIntermediateOutputSurvives() throws {
    let sketch = try network()
    for node in sketch.graph.nodes {
      var before = sketch.graph
      before.outputs.append(try #require(node.outputs[0]))
      var after = before
      try PassPipeline.optimize(&after)
      #expect(try difference(before, after) < 1e-5, "\(node.place)")
    }
  }

  /// A file may have invalid node inputs; the passes must never see them.
  @Test func nodesWithoutTheirInputsAreRefused() throws {
    let whole = try network().graph
    for index in whole.nodes.indices {
      var graph = whole
      graph.nodes[index].inputs = []
      let error = #expect(throws: GraphError.self) { try PassPipeline.optimize(&graph) }
      #expect(error?.code == .wrongArity)
      graph = whole
      graph.nodes[index].outputs = []
      #expect(throws: GraphError.self) { try PassPipeline.optimize(&graph) }
    }
  }

  @Test func optimizingTwiceChangesNothing() throws {
    var graph = try network().graph
    try PassPipeline.optimize(&graph)
    let operators = graph.operators
    #expect(try PassPipeline.optimize(&graph).allSatisfy { $0.changes == 0 })
    #expect(graph.operators == operators)
  }
}
