import Inference
import ModelGraph
import Passes
import TestSupport
import Testing

/// Inverted residual blocks that are wide enough to be run strip by strip, against their definition.
@Suite struct StripsTests {
  /// Makes `y` the output, and expects that so many steps are strips and so many convolutions are run by themselves, and that
  /// all compute what the definitions do.
  private func check(_ sketch: inout Sketch, _ y: Int, strips: Int, other: Int) throws {
    sketch.output(y)
    try PassPipeline.optimize(&sketch.graph)
    let kernels = try Engine(sketch.graph).profile.map { $0.kernel }
    #expect(kernels.count { $0.hasPrefix("f32_strips") } == strips, "\(kernels)")
    #expect(kernels.count { $0.hasPrefix("f32_igemm") || $0.hasPrefix("f32_depthwise") } == other, "\(kernels)")
    try sketch.check()
  }

  private func depthwise(_ sketch: inout Sketch, _ x: Int, _ channels: Int, stride: Int = 1) throws -> Int {
    let weights = [try sketch.constant([channels, 1, 3, 3]), try sketch.constant([channels])]
    let window: [Attribute] = [.ints("pads", [1, 1, 1, 1]), .ints("strides", [stride, stride])]
    return try sketch.node("Conv", [x] + weights, [.int("group", channels)] + window)
  }

  private func pointwise(_ sketch: inout Sketch, _ x: Int, _ channels: Int, _ filters: Int) throws -> Int {
    try sketch.node("Conv", [x, try sketch.constant([filters, channels, 1, 1]), try sketch.constant([filters])])
  }

  /// Up, depthwise, down, and the sum with the block's input; twice, the second one with a stride and into a Concat.
  @Test func blocks() throws {
    var sketch = Sketch(seed: 1)
    let x = try pointwise(&sketch, sketch.input([2, 3, 40, 40]), 3, 8)
    var y = try sketch.node("HardSwish", [try pointwise(&sketch, x, 8, 96)])
    y = try sketch.node("Relu", [try depthwise(&sketch, y, 96)])
    let sum = try sketch.node("Add", [try pointwise(&sketch, y, 96, 8), x])
    y = try sketch.node("Relu", [try pointwise(&sketch, sum, 8, 96)])
    y = try sketch.node("Relu", [try depthwise(&sketch, y, 96, stride: 2)])
    let small = try pointwise(&sketch, y, 96, 7)
    let pooled = try sketch.node("MaxPool", [sum], [.ints("kernel_shape", [2, 2]), .ints("strides", [2, 2])])
    let joined = try sketch.node("Concat", [pooled, small], [.int("axis", 1)])
    y = try pointwise(&sketch, joined, 15, 2)
    try check(&sketch, y, strips: 2, other: 2)
  }

  /// What is behind the depthwise convolution is read twice, as by squeeze-and-excitation: the two before it are joined.
  @Test func withoutTheLast() throws {
    var sketch = Sketch(seed: 2)
    let x = try pointwise(&sketch, sketch.input([1, 3, 40, 40]), 3, 96)
    let y = try sketch.node("Relu", [try depthwise(&sketch, x, 96)])
    let gate = try sketch.node("Sigmoid", [try sketch.node("GlobalAveragePool", [y])])
    let last = try pointwise(&sketch, try sketch.node("Mul", [y, gate]), 96, 5)
    try check(&sketch, last, strips: 1, other: 1)
  }

  /// What is before it is read twice: it and the one behind it are joined.
  @Test func withoutTheFirst() throws {
    var sketch = Sketch(seed: 3)
    let x = try pointwise(&sketch, sketch.input([1, 3, 40, 40]), 3, 96)
    let y = try pointwise(&sketch, try depthwise(&sketch, x, 96), 96, 5)
    let other = try pointwise(&sketch, x, 96, 5)
    let product = try sketch.node("Mul", [y, other])
    try check(&sketch, product, strips: 1, other: 2)
  }

  /// A residual that is made only behind the block.
  @Test func residualThatComesLater() throws {
    var sketch = Sketch(seed: 4)
    let x = sketch.input([1, 3, 40, 40])
    let y = try pointwise(&sketch, try depthwise(&sketch, try pointwise(&sketch, x, 3, 96), 96), 96, 5)
    sketch.output(try sketch.node("Add", [y, try sketch.node("Tanh", [try pointwise(&sketch, x, 3, 5)])]))
    try PassPipeline.optimize(&sketch.graph)
    try sketch.check()
  }
}
