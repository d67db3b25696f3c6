import Inference
import ModelGraph
import Passes
import Testing

/// Which layers are run by Winograd, and that it makes no difference beyond rounding.
@Suite struct WinogradChoiceTests {
  /// Three layers that it suits and one that it does not, with a residual and an activation no clamp can be.
  private func network() throws -> Sketch {
    var sketch = Sketch(seed: 7)
    let pads: Attribute = .ints("pads", [1, 1, 1, 1])
    let x = sketch.input([2, 32, 19, 23])
    let a = try sketch.node("Conv", [x, try sketch.constant([64, 32, 3, 3], scale: 0.1)], [pads])
    let b = try sketch.node(
      "FusedConv", [a, try sketch.constant([48, 64, 3, 3], scale: 0.1), try sketch.constant([48])],
      [pads, .string("activation", "Sigmoid")], domain: .microsoft)
    let c = try sketch.node(
      "FusedConv", [b, try sketch.constant([48, 48, 3, 3], scale: 0.1), nil, b],
      [pads, .string("activation", "Relu")], domain: .microsoft)
    sketch.output(
      try sketch.node(
        "Conv", [c, try sketch.constant([16, 48, 3, 3], scale: 0.1)], [pads, .ints("strides", [3, 3])]))
    return sketch
  }

  private func winogradCount(_ graph: Graph, _ options: EngineOptions) throws -> Int {
    try Engine(graph, options: options).profile.count { $0.kernel.hasPrefix("f32_winograd") }
  }

  @Test func memoryAndExactnessDecide() throws {
    let graph = try network().graph
    #expect(try winogradCount(graph, EngineOptions(threads: 1, memory: .fast)) == 3)
    #expect(try winogradCount(graph, EngineOptions(threads: 1, memory: .fast, exact: true)) == 0)
    #expect(try winogradCount(graph, EngineOptions(threads: 1, memory: .small)) == 0)
    // Half as much again is too little for all three.
    let balanced = try winogradCount(graph, EngineOptions(threads: 1))
    #expect(balanced < 3)
  }

  @Test func weightsStayWithinTheBudget() throws {
    let graph = try network().graph
    let small = try Engine(graph, options: EngineOptions(threads: 1, memory: .small)).weightBytes
    let balanced = try Engine(graph, options: EngineOptions(threads: 1)).weightBytes
    #expect(balanced <= small * 8 / 5)
  }

  @Test(arguments: [1, 2, 3]) func agreesWithTheDefinition(_ threads: Int) throws {
    var sketch = try network()
    let input = try sketch.noise.tensor([2, 32, 19, 23])
    let expected = try sketch.graph.evaluate([input])[0].array(of: Float.self)
    let largest = expected.reduce(0) { max($0, abs($1)) }
    let engine = try Engine(sketch.graph, options: EngineOptions(threads: threads, memory: .fast))
    for _ in 0..<2 {
      let found = try engine.run([input])[0].array(of: Float.self)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-4 * largest })
    }
  }
}
