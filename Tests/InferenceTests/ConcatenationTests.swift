import Inference
import ModelGraph
import Passes
import TestSupport
import Testing

/// Concatenations along the channels that grow, whose parts are written in place and read where they lie, against their definition.
@Suite struct ConcatenationTests {
  private func pointwise(_ sketch: inout Sketch, _ x: Int, _ channels: Int, _ filters: Int) throws -> Int {
    try sketch.node("Conv", [x, try sketch.constant([filters, channels, 1, 1]), try sketch.constant([filters])])
  }

  private func depthwise(_ sketch: inout Sketch, _ x: Int, _ channels: Int) throws -> Int {
    try sketch.node(
      "Conv", [x, try sketch.constant([channels, 1, 3, 3]), try sketch.constant([channels])],
      [.int("group", channels), .ints("pads", [1, 1, 1, 1])])
  }

  private func joined(_ sketch: inout Sketch, _ parts: [Int]) throws -> Int {
    try sketch.node("Concat", parts, [.int("axis", 1)])
  }

  private func optimizedKernels(_ sketch: inout Sketch) throws -> [String] {
    try PassPipeline.optimize(&sketch.graph)
    return try Engine(sketch.graph).profile.map { $0.kernel }
  }

  /// DenseNet's block: everything so far, normalised, through two convolutions, gives the next part. The first part alone, which
  /// pooling makes, is copied; normalisation and clamp are the 1×1 convolution's.
  @Test(arguments: [false, true]) func denseBlock(_ isNested: Bool) throws {
    var sketch = Sketch(seed: 1)
    let x = try sketch.conv(sketch.input([2, 3, 18, 14]), from: 3, to: 20)
    var parts = [try sketch.node("MaxPool", [x], [.ints("kernel_shape", [2, 2]), .ints("strides", [2, 2])])]
    var (whole, channels) = (parts[0], 20)
    for _ in 0..<4 {
      var y = try sketch.node("Relu", [try sketch.norm(whole, channels)])
      y = try sketch.node("Relu", [try pointwise(&sketch, y, channels, 24)])
      parts.append(try sketch.conv(y, from: 24, to: 9))
      channels += 9
      whole = try joined(&sketch, isNested ? [whole, parts[parts.count - 1]] : parts)
    }
    sketch.output(try pointwise(&sketch, try sketch.node("Relu", [try sketch.norm(whole, channels)]), channels, 8))
    let kernels = try optimizedKernels(&sketch)
    #expect(kernels.count { $0 == "concat" } == 1, "\(kernels)")
    #expect(!kernels.contains { $0 == "f32_affine" || $0 == "f32_unary" }, "\(kernels)")
    try sketch.check()
    try sketch.check(tolerance: 1e-3, exact: false)
  }

  /// Convolutions that cannot compute what is before them, and readers of it besides: other steps, the graph's outputs, a sum.
  @Test func normalisationsThatStayApart() throws {
    var sketch = Sketch(seed: 5)
    let x = sketch.input([2, 6, 5, 7])
    func active() throws -> Int { try sketch.node("Relu", [try sketch.norm(x, 6)]) }
    let weights = try sketch.constant([6, 6, 1, 1])
    for (name, value) in [("strides", 2), ("pads", 1)] {
      let values = [Int](repeating: value, count: name == "pads" ? 4 : 2)
      sketch.output(try sketch.node("Conv", [try active(), weights], [.ints(name, values)]))
    }
    sketch.output(try sketch.node("Conv", [try active(), try sketch.constant([6, 1, 1, 1])], [.int("group", 6)]))
    sketch.output(try sketch.node("Conv", [try active(), try sketch.constant([4, 3, 1, 1])], [.int("group", 2)]))
    let (read, shown) = (try active(), try active())
    sketch.output(try sketch.node("Add", [try sketch.node("Conv", [read, weights]), read]))
    sketch.output(try sketch.node("Conv", [shown, weights]))
    sketch.output(shown)
    // This one computes it, and its input is what it adds.
    let own = try sketch.node("MaxPool", [x], [.ints("kernel_shape", [1, 1])])
    let normal = try sketch.node("Relu", [try sketch.norm(own, 6)])
    let sum = try sketch.node("Add", [try sketch.node("Conv", [normal, weights]), own])
    sketch.output(try sketch.node("Relu", [sum]))
    let kernels = try optimizedKernels(&sketch)
    #expect(kernels.count { $0 == "f32_affine" } == 6, "\(kernels)")
    try sketch.check()
  }

  /// GhostNet's module: a part that the maker of the other part reads too.
  @Test(arguments: [2, 5, 16, 24]) func partThatIsRead(_ channels: Int) throws {
    var sketch = Sketch(seed: 2)
    let x = try sketch.node("Relu", [try pointwise(&sketch, sketch.input([2, 7, 9, 11]), 7, channels)])
    let y = try sketch.node("HardSwish", [try depthwise(&sketch, x, channels)])
    let whole = try joined(&sketch, [x, y])
    sketch.output(try pointwise(&sketch, whole, 2 * channels, 6))
    let kernels = try optimizedKernels(&sketch)
    #expect(!kernels.contains("concat"), "\(kernels)")
    try sketch.check()
  }

  /// Parts in two wholes, twice in one, alone in one, and as outputs; wholes that steps read which know no slices.
  @Test func partsOfManyWholes() throws {
    var sketch = Sketch(seed: 3)
    let x = sketch.input([1, 4, 6, 5])
    let (a, b) = (try pointwise(&sketch, x, 4, 5), try pointwise(&sketch, x, 4, 17))
    let c = try depthwise(&sketch, a, 5)
    let first = try joined(&sketch, [a, b])
    let longer = try joined(&sketch, [a, b, c, a])
    let alone = try joined(&sketch, [b])
    sketch.output(try joined(&sketch, [b, a]))
    sketch.output(try sketch.node("Sigmoid", [first]))
    sketch.output(try sketch.node("MaxPool", [longer], [.ints("kernel_shape", [2, 2])]))
    sketch.output(try sketch.node("Add", [try pointwise(&sketch, longer, 32, 22), first]))
    sketch.output(try depthwise(&sketch, alone, 17))
    sketch.output(try joined(&sketch, [alone, c]))
    sketch.output(a)
    sketch.output(try sketch.node("Identity", [first]))
    try sketch.check()
  }

  /// A whole that is made before a shorter one, and two that go on differently from the same beginning.
  @Test func anyOrder() throws {
    var sketch = Sketch(seed: 4)
    let x = sketch.input([1, 4, 6, 5])
    let parts = try [3, 8, 16, 5].map { try pointwise(&sketch, x, 4, $0) }
    var wholes = [try joined(&sketch, Array(parts[0...2])), try joined(&sketch, Array(parts[0...1]))]
    wholes.append(try joined(&sketch, [parts[0], parts[1], parts[3]]))
    wholes.append(try joined(&sketch, [wholes[1], parts[3], parts[2]]))
    for (whole, channels) in zip(wholes, [27, 11, 16, 32]) {
      sketch.output(try pointwise(&sketch, whole, channels, 4))
      sketch.output(try sketch.node("Relu", [try sketch.norm(whole, channels)]))
    }
    try sketch.check()
  }

  /// Wholes of random parts, read by random nodes.
  @Test(arguments: 0..<40) func random(_ seed: Int) throws {
    var sketch = Sketch(seed: seed + 900)
    let size = [[2, 3, 5, 7], [1, 8, 6, 6], [1, 17, 9, 4]][seed % 3]
    var parts = [(id: sketch.input(Shape(size)), channels: size[1])]
    if sketch.noise.chance(2) { parts = [(try pointwise(&sketch, parts[0].id, size[1], 16), 16)] }
    var (whole, channels) = (parts[0].id, parts[0].channels)
    for _ in 0..<sketch.noise.int(3...7) {
      var (y, to) = (whole, channels)
      if sketch.noise.chance(4) { (y, to) = parts[sketch.noise.int(0...parts.count - 1)] }
      if sketch.noise.chance(2) { y = try sketch.norm(y, to) }
      if sketch.noise.chance(2) { y = try sketch.node("Relu", [y]) }
      let filters = [1, 8, 16, 20][sketch.noise.int(0...3)]
      switch sketch.noise.int(0...4) {
      case 0, 1: (y, to) = (try pointwise(&sketch, y, to, filters), filters)
      case 2: (y, to) = (try sketch.conv(y, from: to, to: filters, bias: true), filters)
      case 3: y = try depthwise(&sketch, y, to)
      default:
        y = try sketch.node("AveragePool", [y], [.ints("kernel_shape", [3, 3]), .ints("pads", [1, 1, 1, 1])])
      }
      if sketch.noise.chance(6) { sketch.output(y) }
      parts.append((y, to))
      channels += to
      let isNested = sketch.noise.chance(2)
      let together = isNested ? channels : parts.reduce(0) { $0 + $1.channels }
      whole = try joined(&sketch, isNested ? [whole, y] : parts.map(\.id))
      channels = together
      if sketch.noise.chance(5) { sketch.output(try sketch.node("Neg", [whole])) }
    }
    sketch.output(whole)
    try sketch.check(tolerance: 3e-5)
  }
}
