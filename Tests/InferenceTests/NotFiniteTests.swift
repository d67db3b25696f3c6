import Inference
import ModelGraph
import Passes
import TestSupport
import Testing

/// Infinities and NaN give the same results in kernels and definitions; long float sums keep their precision.
/// `tools/test` runs these tests at every instruction-set level.
@Suite struct NotFiniteTests {
  private static let odd: [Float] = [.nan, .infinity, -.infinity]

  /// Noise with some of its elements replaced.
  private func tensor(_ shape: Shape, _ seed: Int, _ odd: [Float], every: Int) throws -> Tensor {
    var noise = Noise(seed)
    var values = noise.floats(shape.count, scale: 2)
    for index in stride(from: noise.int(0...every - 1), to: values.count, by: every) {
      values[index] = odd[noise.int(0...odd.count - 1)]
    }
    return try Tensor(shape, values)
  }

  /// Relu, Clip and similar operators pass NaN on, in their own kernels and fused into a Conv; pooling and ReduceMax
  /// keep it too.
  @Test(arguments: [1, 3, 16, 37]) func nanStays(channels: Int) throws {
    let shape: Shape = [2, channels, 7, 6]
    func bound(_ value: Float, _ sketch: inout Sketch) throws -> Int { sketch.constant(try Tensor(scalar: value)) }
    let bounds: [(Float, Float)] = [(-0.5, 0.5), (.nan, 0.5), (-0.5, .nan), (1, -1)]
    for (low, high) in bounds {
      var sketch = Sketch(seed: channels)
      let x = sketch.input(shape)
      sketch.output(try sketch.node("Clip", [x, bound(low, &sketch), bound(high, &sketch)]))
      let w = try sketch.constant([channels, channels, 1, 1])
      sketch.output(
        try sketch.node(
          "FusedConv", [x, w], [.string("activation", "Clip"), Attribute("activation_params", .floats([low, high]))],
          domain: .microsoft))
      try sketch.check([tensor(shape, channels, Self.odd, every: 19)])
    }
    var sketch = Sketch(seed: channels)
    let x = sketch.input(shape)
    for name in ["Relu", "LeakyRelu", "Elu", "Sigmoid", "HardSigmoid", "HardSwish"] {
      sketch.output(try sketch.node(name, [x]))
    }
    sketch.output(try sketch.node("GlobalMaxPool", [x]))
    sketch.output(try sketch.node("GlobalAveragePool", [x]))
    for name in ["MaxPool", "AveragePool"] {
      for kernel in [2, 3] {
        let window: [Attribute] = [.ints("kernel_shape", [kernel, kernel]), .ints("pads", [1, 1, 1, 1])]
        sketch.output(try sketch.node(name, [x], window))
      }
    }
    try sketch.check([tensor(shape, channels, Self.odd, every: 19)])
    try sketch.check([tensor(shape, channels, [.nan], every: 1)])
    try sketch.check([tensor(shape, channels, [-.infinity], every: 1)])
  }

  @Test func reduceMaxKeepsNaN() throws {
    for index in 0..<12 {
      var values = (0..<12).map { Float($0) }
      values[index] = .nan
      var sketch = Sketch(seed: 1)
      let x = sketch.input([1, 1, 3, 4])
      sketch.output(try sketch.node("ReduceMax", [x, sketch.constant(Tensor([2], [Int64(2), 3]))]))
      _ = try PassPipeline.optimize(&sketch.graph)
      let found = try Engine(sketch.graph).run([Tensor([1, 1, 3, 4], values)])
      #expect(found[0].array(of: Float.self)[0].isNaN)
    }
  }

  /// Neighbouring groups share a panel of weights, but values of one must not reach the other.
  @Test(arguments: [(8, 8, 8), (16, 32, 16), (24, 12, 6), (64, 64, 16), (6, 6, 2)])
  func groupsKeepToThemselves(channels: Int, filters: Int, group: Int) throws {
    for residual in [false, true] {
      var sketch = Sketch(seed: channels)
      let shape: Shape = [2, channels, 6, 5]
      let x = sketch.input(shape)
      let w = try sketch.constant([filters, channels / group, 3, 3])
      var operands: [Int?] = [x, w, try sketch.constant([filters])]
      if residual { operands.append(try sketch.constant([2, filters, 6, 5])) }
      sketch.output(
        try sketch.node(
          "FusedConv", operands, [.int("group", group), .ints("pads", [1, 1, 1, 1]), .string("activation", "Relu")],
          domain: .microsoft))
      try sketch.check([tensor(shape, group, Self.odd, every: 97)])
    }
  }

  /// Winograd with stored weights and with taps: a NaN or infinite input reaches only the outputs that read it.
  @Test(arguments: [EngineOptions.Memory.small, .fast], [1, 2])
  func winogradContainsThem(memory: EngineOptions.Memory, step: Int) throws {
    for odd in Self.odd {
      for (extent, channels) in [(6, 32), (13, 24), (18, 16)] {
        var sketch = Sketch(seed: extent)
        let shape: Shape = [1, channels, extent, extent]
        let x = sketch.input(shape)
        let w = try sketch.constant([20, channels, 3, 3], scale: 1 / Float(channels))
        let y = try sketch.node(
          "FusedConv", [x, w, sketch.constant([20])],
          [.ints("pads", [1, 1, 1, 1]), .ints("strides", [step, step]), .string("activation", "Relu")],
          domain: .microsoft)
        sketch.output(y)
        let input = try tensor(shape, extent, [odd], every: channels * extent * extent / 2)
        try sketch.check([input], tolerance: 1e-4, exact: false)
        let engine = try Engine(sketch.graph, options: EngineOptions(threads: 1, memory: memory))
        let (found, wanted) = (try engine.run([input])[0], try sketch.graph.evaluate([input])[0])
        let wrong = zip(found.array(of: Float.self), wanted.array(of: Float.self)).count { found, wanted in
          found.isNaN && wanted.isNaN || found == wanted ? false : !(abs(found - wanted) < 1e-4)
        }
        #expect(wrong == 0, "\(engine.profile.map { $0.kernel }) \(odd) \(extent)")
      }
    }
  }

  /// With beta 0, C is not read.
  @Test func gemmWithoutC() throws {
    for isConstant in [true, false] {
      var sketch = Sketch(seed: 4)
      let a = sketch.input([3, 5])
      let nothing = try Tensor([4], [Float](repeating: .nan, count: 4))
      let c = isConstant ? sketch.constant(nothing) : sketch.input([4])
      sketch.output(
        try sketch.node("Gemm", [a, sketch.constant([5, 4]), c], [.float("alpha", 0.5), .float("beta", 0)]))
      let inputs = [try sketch.noise.tensor([3, 5])] + (isConstant ? [] : [nothing])
      try sketch.check(inputs)
      _ = try PassPipeline.optimize(&sketch.graph)
      try sketch.check(inputs)
      let found = try Engine(sketch.graph).run(inputs)[0].array(of: Float.self)
      #expect(found.allSatisfy { $0.isFinite })
    }
  }

  /// log(Σ eˣ) with one large x.
  @Test(arguments: [Float(0), 1e4, 1e6, -1e6, 1e8]) func logSoftmaxOfLargeLogits(_ base: Float) throws {
    let rows: [[Float]] = [[base, base, base], [base, base + 8, base + 16], [base - 64, base, base]]
    var sketch = Sketch(seed: 1)
    let x = sketch.input([3, 3])
    sketch.output(try sketch.node("LogSoftmax", [x], [.int("axis", 1)]))
    let input = try Tensor([3, 3], rows.flatMap { $0 })
    let wanted = rows.flatMap { row -> [Double] in
      let largest = row.map { Double($0) }.max() ?? 0
      let sum = row.reduce(0.0) { $0 + (Double($1) - largest).exponential }
      return row.map { Double($0) - largest - sum.logarithm }
    }
    for found in [try Engine(sketch.graph).run([input])[0], try sketch.graph.evaluate([input])[0]] {
      for (value, wanted) in zip(found.array(of: Float.self), wanted) {
        #expect(abs(Double(value) - wanted) <= 1e-6 * max(1, abs(wanted)))
      }
    }
  }

  /// A bound that a Clip leaves out is a finite one, in a kernel of its own and fused with a Conv.
  @Test(arguments: [(nil, nil), (0, nil), (nil, 6), (.nan, 6)] as [(Float?, Float?)])
  func clipCutsInfinities(_ low: Float?, _ high: Float?) throws {
    for fuses in [false, true] {
      var sketch = Sketch(seed: 1)
      let x = sketch.input([1, 1, 1, 5])
      var y = x
      if fuses { y = try sketch.node("Conv", [x, sketch.constant(try Tensor([1, 1, 1, 1], [Float(1)]))]) }
      let bounds = try [low, high].map { bound in try bound.map { sketch.constant(try Tensor(scalar: $0)) } }
      sketch.output(try sketch.node("Clip", [y] + bounds))
      let given = try Tensor([1, 1, 1, 5], [Float.infinity, -.infinity, .nan, 3e38, -3])
      let expected = try sketch.graph.evaluate([given])
      try PassPipeline.optimize(&sketch.graph)
      #expect(sketch.graph.nodes.count == 1)
      let found = try Engine(sketch.graph, options: EngineOptions(threads: 1)).run([given])
      for (a, b) in zip(found[0].doubles, expected[0].doubles) { #expect(a == b || a.isNaN && b.isNaN) }
    }
  }

  /// A Clip between two grids whose bound is no number, or no number of the grid.
  @Test(arguments: [Float.nan, .infinity, -.infinity, 1e30, -1e30, 1e-40])
  func oddBoundsBetweenGrids(_ bound: Float) throws {
    for isLow in [true, false] {
      for step in [Float(0.02), 1.2e-38] {
        var sketch = Sketch(seed: 2)
        func scalar<Element: TensorElement>(_ value: Element) throws -> Int {
          sketch.constant(try Tensor(scalar: value))
        }
        let (scale, zero, bound) = (try scalar(step), try scalar(UInt8(100)), try scalar(bound))
        let bytes = try sketch.node("QuantizeLinear", [sketch.input([1, 40]), scale, zero])
        let real = try sketch.node("DequantizeLinear", [bytes, scale, zero])
        let clipped = try sketch.node("Clip", isLow ? [real, bound, nil] : [real, nil, bound])
        sketch.output(try sketch.node("QuantizeLinear", [clipped, scale, zero]))
        let input = try sketch.noise.tensor([1, 40], scale: 4)
        let wanted = try sketch.graph.evaluate([input])[0].array(of: UInt8.self)
        _ = try PassPipeline.optimize(&sketch.graph)
        #expect(try Engine(sketch.graph).run([input])[0].array(of: UInt8.self) == wanted)
        #expect(try sketch.graph.evaluate([input])[0].array(of: UInt8.self) == wanted)
      }
    }
  }

  /// Scales that take sums far beyond the integer range, and invalid scales: kernels and definition agree.
  @Test(arguments: [Float(1e-12), 1e-30, 1e-40, 0, .nan, .infinity, -1, 1e30])
  func oddScales(_ scale: Float) throws {
    for hasSum in [false, true] {
      var sketch = Sketch(seed: 6)
      let x = sketch.input([1, 8, 5, 5], .uint8)
      func scalar<Element: TensorElement>(_ value: Element) throws -> Int { sketch.constant(try Tensor(scalar: value)) }
      let bytes = (0..<32 * 8 * 9).map { _ in Int8(sketch.noise.int(-128...127)) }
      let w = sketch.constant(try Tensor([32, 8, 3, 3], bytes))
      let (one, half, zero) = (try scalar(Float(1)), try scalar(UInt8(128)), try scalar(Int8(0)))
      let odd = try scalar(scale)
      var y = try sketch.node(
        "QLinearConv", [x, one, half, w, one, zero, odd, half], [.ints("pads", [1, 1, 1, 1])])
      if hasSum {
        let other = sketch.input([1, 32, 5, 5], .uint8)
        y = try sketch.node("QLinearAdd", [y, odd, half, other, one, half, odd, half], domain: .microsoft)
      }
      sketch.output(y)
      let inputs = try sketch.graph.inputs.map { id in
        let shape = try #require(sketch.graph.values[id].declaration).shape()
        return try Tensor(shape, (0..<shape.count).map { _ in UInt8(sketch.noise.int(0...255)) })
      }
      let found = try Engine(sketch.graph).run(inputs)[0].array(of: UInt8.self)
      let wanted = try sketch.graph.evaluate(inputs)[0].array(of: UInt8.self)
      #expect(found == wanted)
    }
  }

  /// Sums of many numbers that are far from zero.
  @Test(arguments: [1, 3, 20]) func longSums(channels: Int) throws {
    var noise = Noise(channels)
    let shape: Shape = [1, channels, 200, 250]
    let values = noise.floats(shape.count).map { $0 + 1000 }
    let wanted = (0..<channels).map { channel in
      values[channel * 50_000..<(channel + 1) * 50_000].reduce(0.0) { $0 + Double($1) } / 50_000
    }
    var sketch = Sketch(seed: 1)
    let x = sketch.input(shape)
    sketch.output(try sketch.node("GlobalAveragePool", [x]))
    sketch.output(try sketch.node("AveragePool", [x], [.ints("kernel_shape", [200, 250])]))
    sketch.output(try sketch.node("ReduceMean", [x, sketch.constant(Tensor([2], [Int64(2), 3]))]))
    let input = try Tensor(shape, values)
    for found in try Engine(sketch.graph).run([input]) + sketch.graph.evaluate([input]) {
      for (value, wanted) in zip(found.array(of: Float.self), wanted) {
        #expect(abs(Double(value) - wanted) < 1e-6 * wanted)
      }
    }
  }
}
