import Inference
import ModelGraph
import TestSupport
import Testing

/// ConvTranspose by kernels, against its definition.
@Suite struct TransposedConvolutionTests {
  @Test(arguments: 0..<20) func anyWindow(_ seed: Int) throws {
    var sketch = Sketch(seed: seed)
    let channels = [1, 3, 16, 17][seed % 4]
    let filters = [1, 5, 16, 33][sketch.noise.int(0...3)]
    let kernel = [sketch.noise.int(1...4), sketch.noise.int(1...3)]
    let strides = [sketch.noise.int(1...3), sketch.noise.int(1...2)]
    let attributes: [Attribute] = [
      .ints("strides", strides), .ints("dilations", [sketch.noise.int(1...2), 1]),
      .ints("pads", (0..<4).map { $0 % 2 == 0 ? sketch.noise.int(0...kernel[0] - 1) : 0 }),
      .ints("output_padding", strides.map { $0 - 1 }),
    ]
    let x = sketch.input([2, channels, 5, 6])
    let w = try sketch.constant(Shape([channels, filters] + kernel))
    let bias: Int? = seed % 2 == 0 ? try sketch.constant([filters]) : nil
    sketch.output(try sketch.node("ConvTranspose", [x, w, bias], attributes))
    try sketch.check()
  }

  /// Twice as large, as a U-Net goes up.
  @Test func doubling() throws {
    var sketch = Sketch(seed: 1)
    let x = try sketch.node("Conv", [sketch.input([1, 8, 6, 7]), try sketch.constant([32, 8, 1, 1])])
    let weights = [try sketch.constant([32, 16, 2, 2]), try sketch.constant([16])]
    let up = try sketch.node("ConvTranspose", [x] + weights, [.ints("strides", [2, 2])])
    sketch.output(try sketch.node("Conv", [try sketch.node("Relu", [up]), try sketch.constant([2, 16, 1, 1])]))
    try sketch.check()
  }

  /// Windows beside each other, alone and as a part of a Concat.
  @Test(arguments: [1, 5, 16, 33, 40], [[2, 2], [3, 2], [1, 4]]) func patches(_ filters: Int, _ size: [Int]) throws {
    var sketch = Sketch(seed: filters)
    let x = try sketch.node("Conv", [sketch.input([2, 8, 3, 13]), try sketch.constant([19, 8, 1, 1])])
    let weights = try sketch.constant(Shape([19, filters] + size))
    let bias: Int? = filters % 2 == 0 ? try sketch.constant([filters]) : nil
    let up = try sketch.node("ConvTranspose", [x, weights, bias], [.ints("strides", size)])
    let other = try sketch.node("ConvTranspose", [x, weights], [.ints("strides", size)])
    let wide = try sketch.node("Conv", [other, try sketch.constant([3, filters, 1, 1])])
    let joined = try sketch.node("Concat", [wide, up], [.int("axis", 1)])
    sketch.output(try sketch.node("Conv", [joined, try sketch.constant([2, filters + 3, 1, 1])]))
    sketch.output(try sketch.node("Relu", [other]))
    try sketch.check()
  }

  @Test func alongOneAxis() throws {
    var sketch = Sketch(seed: 2)
    let x = sketch.input([2, 6, 11])
    sketch.output(try sketch.node("ConvTranspose", [x, try sketch.constant([6, 5, 4])], [.ints("strides", [3])]))
    try sketch.check()
  }

  @Test func groupsAreLeftToTheDefinition() throws {
    var sketch = Sketch(seed: 3)
    let x = sketch.input([1, 4, 3, 3])
    sketch.output(try sketch.node("ConvTranspose", [x, try sketch.constant([4, 2, 2, 2])], [.int("group", 2)]))
    try sketch.check(references: 1)
  }
}
