import Inference
import ModelGraph
import Passes
import TestSupport
import Testing

/// Which layers use Winograd, and that results differ only by rounding.
@Suite struct WinogradChoiceTests {
  /// Three layers suitable for Winograd and one that is not, with a residual and an activation that is not a clamp.
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

  /// The number of layers that use Winograd, and how many of those work from taps.
  private func winogradCounts(_ graph: Graph, _ options: EngineOptions) throws -> [Int] {
    let kernels = try Engine(graph, options: options).profile.map(\.kernel).filter { $0.hasPrefix("f32_winograd") }
    return [kernels.count, kernels.count { $0.contains("_taps_") }]
  }

  @Test func memoryAndExactnessDecide() throws {
    let graph = try network().graph
    #expect(try winogradCounts(graph, EngineOptions(threads: 1, memory: .fast)) == [3, 0])
    #expect(try winogradCounts(graph, EngineOptions(threads: 1, memory: .fast, exact: true)) == [0, 0])
    #expect(try winogradCounts(graph, EngineOptions(threads: 1, memory: .small)) == [3, 3])
    // 1.5 times the memory is not enough for all three.
    let balanced = try winogradCounts(graph, EngineOptions(threads: 1))
    #expect(balanced[0] == 3)
    #expect(balanced[1] > 0)
  }

  @Test func weightsStayWithinTheBudget() throws {
    let graph = try network().graph
    func weightBytes(_ options: EngineOptions) throws -> Int { try Engine(graph, options: options).weightBytes }
    let direct = try weightBytes(EngineOptions(threads: 1, exact: true))
    #expect(try weightBytes(EngineOptions(threads: 1, memory: .small)) == direct)
    #expect(try weightBytes(EngineOptions(threads: 1)) <= direct * 8 / 5)
  }

  @Test(arguments: [1, 2, 3], EngineOptions.Memory.allCases)
  func agreesWithTheDefinition(_ threads: Int, _ memory: EngineOptions.Memory) throws {
    var sketch = try network()
    let input = try sketch.noise.tensor([2, 32, 19, 23])
    let expected = try sketch.graph.evaluate([input])[0].array(of: Float.self)
    let largest = expected.reduce(0) { max($0, abs($1)) }
    let engine = try Engine(sketch.graph, options: EngineOptions(threads: threads, memory: memory))
    for _ in 0..<2 {
      let found = try engine.run([input])[0].array(of: Float.self)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-4 * largest })
    }
  }
}
