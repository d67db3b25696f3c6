import Inference
import Kernels
import ModelGraph
import Passes
import TestSupport
import Testing

/// `EngineOptions.Precision.bfloat16`: which layers it changes, and by how much.
@Suite struct Bfloat16Tests {
  /// Convolutions of one group and of several, with a residual and activations of both kinds; products with constants.
  private func network() throws -> Sketch {
    var sketch = Sketch(seed: 11)
    let pads: Attribute = .ints("pads", [1, 1, 1, 1])
    let x = sketch.input([2, 3, 19, 23])
    let a = try sketch.node("Conv", [x, try sketch.constant([40, 3, 3, 3], scale: 0.3)], [pads])
    let b = try sketch.node(
      "FusedConv", [a, try sketch.constant([40, 40, 3, 3], scale: 0.1), try sketch.constant([40]), a],
      [pads, .string("activation", "Relu")], domain: .microsoft)
    let c = try sketch.node("Conv", [b, try sketch.constant([40, 1, 3, 3], scale: 0.3)], [pads, .int("group", 40)])
    let d = try sketch.node(
      "FusedConv", [c, try sketch.constant([70, 40, 1, 1], scale: 0.1)],
      [.ints("strides", [2, 2]), .string("activation", "Sigmoid")], domain: .microsoft)
    let flat = try sketch.node("Flatten", [try sketch.node("GlobalAveragePool", [d])])
    sketch.output(
      try sketch.node(
        "Gemm", [flat, try sketch.constant([5, 70], scale: 0.2), try sketch.constant([5])],
        [.int("transB", 1), .float("alpha", 0.5), .float("beta", 2)]))
    return sketch
  }

  @Test(arguments: [1, 2], EngineOptions.Memory.allCases)
  func differsByRounding(_ threads: Int, _ memory: EngineOptions.Memory) throws {
    var sketch = try network()
    let input = try sketch.noise.tensor([2, 3, 19, 23])
    let expected = try sketch.graph.evaluate([input])[0].array(of: Float.self)
    let largest = expected.reduce(0) { max($0, abs($1)) }
    var options = EngineOptions(threads: threads, memory: memory)
    options.precision = .bfloat16
    let engine = try Engine(sketch.graph, options: options)
    let kernels = engine.profile.map(\.kernel).filter { $0.hasPrefix("bf16_") }
    let pays = bf16_convolution_pays(kernels_level_in_use()) != 0
    #expect(kernels.count == (pays ? 4 : 0))
    let floats = try Engine(sketch.graph, options: EngineOptions(threads: threads, memory: memory)).run([input])
    for _ in 0..<2 {
      let found = try engine.run([input])[0].array(of: Float.self)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 0.02 * largest })
      #expect((found == floats[0].array(of: Float.self)) == !pays)
    }
  }

  /// A result that only another such layer reads stays rounded in memory: half the bytes, the same answer as with a step between
  /// the layers that changes nothing.
  @Test(arguments: [1, 2]) func keepsRoundedResults(_ threads: Int) throws {
    func network(_ isCopied: Bool) throws -> Sketch {
      var sketch = Sketch(seed: 5)
      let x = sketch.input([2, 3, 21, 18])
      let pads: Attribute = .ints("pads", [1, 1, 1, 1])
      func between(_ value: Graph.ValueID) throws -> Graph.ValueID {
        isCopied ? try sketch.node("Neg", [try sketch.node("Neg", [value])]) : value
      }
      let a = try sketch.node("Conv", [x, try sketch.constant([40, 3, 3, 3], scale: 0.3)], [pads])
      let b = try sketch.node("Conv", [try between(a), try sketch.constant([300, 40, 1, 1], scale: 0.1)])
      let c = try sketch.node(
        "Conv", [try between(b), try sketch.constant([33, 300, 3, 3], scale: 0.02)], [pads, .ints("strides", [2, 2])])
      // Plain behind channels last: c stays in floats.
      let flat = try sketch.node("Flatten", [c])
      let d = try sketch.node(
        "MatMul", [flat, try sketch.constant([33 * 11 * 9, 300], scale: 0.01)])
      let e = try sketch.node("Gelu", [d])
      sketch.output(try sketch.node("MatMul", [try between(e), try sketch.constant([300, 7], scale: 0.1)]))
      return sketch
    }
    var options = EngineOptions(threads: threads)
    options.precision = .bfloat16
    var direct = try network(false)
    let copied = try network(true)
    let input = try direct.noise.tensor([2, 3, 21, 18])
    let (engine, other) = (try Engine(direct.graph, options: options), try Engine(copied.graph, options: options))
    let expected = try other.run([input])[0].array(of: Float.self)
    for _ in 0..<2 { #expect(try engine.run([input])[0].array(of: Float.self) == expected) }
    if bf16_convolution_pays(kernels_level_in_use()) != 0 {
      #expect(engine.activationBytes < other.activationBytes * 3 / 4)
    }
  }

  @Test func halvesTheMemoryOfWeights() throws {
    guard bf16_convolution_pays(kernels_level_in_use()) != 0 else { return }
    var sketch = Sketch(seed: 3)
    let x = sketch.input([1, 256, 9, 9])
    sketch.output(try sketch.node("Conv", [x, try sketch.constant([256, 256, 3, 3])]))
    var options = EngineOptions(threads: 1, memory: .small)
    let float = try Engine(sketch.graph, options: options).weightBytes
    options.precision = .bfloat16
    #expect(try Engine(sketch.graph, options: options).weightBytes < float * 51 / 100)
  }
}
