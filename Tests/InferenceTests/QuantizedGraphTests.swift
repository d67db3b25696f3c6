import Inference
import ModelGraph
import Passes
import TestSupport
import Testing

/// A graph whose activations pass through QuantizeLinear and DequantizeLinear, as quantizers write it.
private struct QDQSketch {
  var sketch: Sketch
  var type: ElementType

  init(seed: Int, _ type: ElementType) {
    sketch = Sketch(seed: seed)
    self.type = type
  }

  private mutating func zero(_ value: Int, _ type: ElementType) throws -> Int {
    sketch.constant(
      type == .int8 ? try Tensor(scalar: Int8(clamping: value)) : try Tensor(scalar: UInt8(clamping: value)))
  }

  /// QuantizeLinear followed by DequantizeLinear.
  mutating func grid(_ x: Int, scale: Float, zero point: Int) throws -> Int {
    let (scale, zero) = (sketch.constant(try Tensor(scalar: scale)), try zero(point, type))
    let integers = try sketch.node("QuantizeLinear", [x, scale, zero])
    return try sketch.node("DequantizeLinear", [integers, scale, zero])
  }

  /// int8 weights, or uint8 ones with a zero point, with one scale per slice of the first axis, and an int32 bias.
  private mutating func weights(_ shape: Shape, zero: UInt8?, input scale: Float) throws -> (w: Int, bias: Int) {
    let values = (0..<shape.count).map { _ in Int8(sketch.noise.int(-128...127)) }
    let scales = (0..<shape[0]).map { _ in Float(sketch.noise.int(1...40)) * 1e-4 }
    let scaleID = sketch.constant(try Tensor([shape[0]], scales))
    var zeros = try Tensor(zeros: [shape[0]], type: .int8)
    var tensor = try Tensor(shape, values)
    if let zero {
      zeros = try Tensor([shape[0]], [UInt8](repeating: zero, count: shape[0]))
      tensor = try Tensor(shape, values.map { UInt8(bitPattern: $0) })
    }
    let w = try sketch.node(
      "DequantizeLinear", [sketch.constant(tensor), scaleID, sketch.constant(zeros)], [.int("axis", 0)])
    let bias = (0..<shape[0]).map { _ in Int32(sketch.noise.int(-3000...3000)) }
    let biasScale = sketch.constant(try Tensor([shape[0]], scales.map { $0 * scale }))
    let b = try sketch.node(
      "DequantizeLinear", [sketch.constant(try Tensor([shape[0]], bias)), biasScale], [.int("axis", 0)])
    return (w, b)
  }

  mutating func conv(
    _ x: Int, from: Int, to: Int, kernel: Int = 3, stride: Int = 1, groups: Int = 1, weightZero: UInt8? = nil,
    input scale: Float
  ) throws -> Int {
    let (w, bias) = try weights([to, from / groups, kernel, kernel], zero: weightZero, input: scale)
    let pad = kernel / 2
    return try sketch.node(
      "Conv", [x, w, bias],
      [.ints("pads", [pad, pad, pad, pad]), .ints("strides", [stride, stride]), .int("group", groups)])
  }

  /// A ConvTranspose whose stride is its window's size, with a scale for each filter.
  mutating func patches(_ x: Int, from: Int, to: Int, size: Int, input scale: Float) throws -> Int {
    let shape: Shape = [from, to, size, size]
    let values = (0..<shape.count).map { _ in Int8(sketch.noise.int(-128...127)) }
    let scales = (0..<to).map { _ in Float(sketch.noise.int(1...40)) * 1e-4 }
    let w = try sketch.node(
      "DequantizeLinear",
      [sketch.constant(try Tensor(shape, values)), sketch.constant(try Tensor([to], scales))], [.int("axis", 1)])
    let bias = (0..<to).map { _ in Int32(sketch.noise.int(-3000...3000)) }
    let b = try sketch.node(
      "DequantizeLinear",
      [sketch.constant(try Tensor([to], bias)), sketch.constant(try Tensor([to], scales.map { $0 * scale }))],
      [.int("axis", 0)])
    return try sketch.node("ConvTranspose", [x, w, b], [.ints("strides", [size, size])])
  }

  mutating func gemm(_ x: Int, from: Int, to: Int, input scale: Float) throws -> Int {
    let (w, bias) = try weights([to, from], zero: nil, input: scale)
    return try sketch.node("Gemm", [x, w, bias], [.int("transB", 1)])
  }
}

@Suite struct QuantizedGraphTests {
  private static let cases: [(type: ElementType, zero: Int, isSymmetric: Bool)] = [
    (.uint8, 0, false), (.uint8, 117, false), (.int8, -128, false), (.int8, 0, true),
  ]

  /// Stem, pooling, a residual block, a strided one with a shortcut, and the head: every step runs on integers, within
  /// one quantization step of the definitions.
  @Test(arguments: cases.indices) func aResidualNetworkRunsOnIntegers(_ index: Int) throws {
    let (type, zero, isSymmetric) = QuantizedGraphTests.cases[index]
    var net = QDQSketch(seed: index + 1, type)
    let rectified = isSymmetric ? 0 : type == .int8 ? -128 : 0
    var x = try net.grid(net.sketch.input([2, 3, 21, 17]), scale: 0.016, zero: zero)
    x = try net.sketch.node("Relu", [try net.conv(x, from: 3, to: 20, kernel: 5, stride: 2, input: 0.016)])
    x = try net.grid(x, scale: 0.02, zero: rectified)
    x = try net.sketch.node(
      "MaxPool", [x], [.ints("kernel_shape", [3, 3]), .ints("strides", [2, 2]), .ints("pads", [1, 1, 1, 1])])
    x = try net.grid(x, scale: 0.02, zero: rectified)
    var y = try net.sketch.node("Relu", [try net.conv(x, from: 20, to: 20, input: 0.02)])
    y = try net.grid(y, scale: 0.05, zero: rectified)
    y = try net.grid(try net.conv(y, from: 20, to: 20, input: 0.05), scale: 0.11, zero: zero)
    x = try net.grid(
      try net.sketch.node("Relu", [try net.sketch.node("Add", [x, y])]), scale: 0.08, zero: rectified)
    y = try net.grid(try net.conv(x, from: 20, to: 36, stride: 2, input: 0.08), scale: 0.15, zero: zero)
    let shortcut = try net.grid(
      try net.conv(x, from: 20, to: 36, kernel: 1, stride: 2, input: 0.08), scale: 0.14, zero: zero)
    let six = net.sketch.constant(try Tensor(scalar: Float(6)))
    let none = net.sketch.constant(try Tensor(scalar: Float(0)))
    x = try net.grid(
      try net.sketch.node("Clip", [try net.sketch.node("Add", [y, shortcut]), none, six]), scale: 0.05,
      zero: rectified)
    x = try net.grid(try net.sketch.node("GlobalAveragePool", [x]), scale: 0.03, zero: rectified)
    x = try net.grid(try net.sketch.node("Flatten", [x]), scale: 0.03, zero: rectified)
    x = try net.gemm(x, from: 36, to: 5, input: 0.03)
    net.sketch.output(index % 2 == 0 ? x : try net.grid(x, scale: 0.01, zero: zero))

    var lowered = net.sketch.graph
    try PassPipeline.optimize(&lowered)
    let input = try net.sketch.noise.tensor([2, 3, 21, 17], scale: 2)
    let meant = try net.sketch.graph.evaluate([input])[0].array(of: Float.self)
    for threads in [1, 3] {
      let engine = try Engine(lowered, options: EngineOptions(threads: threads))
      let kernels = engine.profile.map { $0.kernel }
      #expect(!kernels.contains { $0 == "reference" || $0.hasPrefix("f32") }, "\(kernels)")
      // Quantize, five convolutions, two poolings and the head: sums, bounds and flattening have no steps of their own.
      #expect(kernels.count == (index % 2 == 0 ? 9 : 10), "\(kernels)")
      for _ in 0..<2 {
        let found = try engine.run([input])[0].array(of: Float.self)
        // A value near a half may be rounded either way in a few elements of a layer; one step of the head's input
        // moves a logit by less than this.
        for (a, b) in zip(found, meant) { #expect(abs(a - b) <= 0.04, "\(found) \(meant)") }
      }
    }
  }

  /// All kinds of pooling, and the operators that join them in fastai's heads.
  @Test(arguments: [ElementType.uint8, .int8]) func poolingsAndConcatStayOnIntegers(_ type: ElementType) throws {
    var net = QDQSketch(seed: 9, type)
    let rectified = type == .int8 ? -128 : 0
    var x = try net.grid(net.sketch.input([2, 3, 14, 11]), scale: 0.016, zero: type == .int8 ? 3 : 120)
    x = try net.sketch.node("Relu", [try net.conv(x, from: 3, to: 17, input: 0.016)])
    x = try net.grid(x, scale: 0.03, zero: rectified)
    x = try net.sketch.node(
      "AveragePool", [x], [.ints("kernel_shape", [3, 2]), .ints("strides", [2, 2]), .ints("pads", [1, 0, 1, 1])])
    x = try net.grid(x, scale: 0.02, zero: rectified)
    let most = try net.grid(try net.sketch.node("GlobalMaxPool", [x]), scale: 0.02, zero: rectified)
    let mean = try net.grid(try net.sketch.node("GlobalAveragePool", [x]), scale: 0.01, zero: rectified)
    x = try net.sketch.node("Concat", [most, mean], [.int("axis", 1)])
    x = try net.grid(x, scale: 0.02, zero: rectified)
    x = try net.grid(try net.sketch.node("Flatten", [x]), scale: 0.02, zero: rectified)
    net.sketch.output(try net.gemm(x, from: 34, to: 5, input: 0.02))
    var lowered = net.sketch.graph
    try PassPipeline.optimize(&lowered)
    let input = try net.sketch.noise.tensor([2, 3, 14, 11], scale: 2)
    let meant = try net.sketch.graph.evaluate([input])[0].array(of: Float.self)
    let engine = try Engine(lowered)
    let kernels = engine.profile.map { $0.kernel }
    #expect(!kernels.contains { $0 == "reference" || $0.hasPrefix("f32") }, "\(kernels)")
    for (a, b) in zip(try engine.run([input])[0].array(of: Float.self), meant) { #expect(abs(a - b) <= 0.04) }
  }

  /// A transposed convolution whose windows lie beside each other, and a Concat of parts on other grids than its own.
  @Test(arguments: [ElementType.uint8, .int8], [2, 3]) func patchesRunOnIntegers(_ type: ElementType, _ size: Int)
    throws
  {
    for filters in [5, 16, 33] {
      var net = QDQSketch(seed: filters, type)
      let middle = type == .int8 ? 3 : 120
      let x = try net.grid(net.sketch.input([2, 7, 4, 5]), scale: 0.016, zero: middle)
      let y = try net.patches(x, from: 7, to: filters, size: size, input: 0.016)
      let large = try net.grid(y, scale: 0.05, zero: middle)
      let nearest = try net.sketch.node(
        "Resize", [x, nil, net.sketch.constant(try Tensor([4], [1, 1, Float(size), Float(size)]))],
        [.string("coordinate_transformation_mode", "asymmetric"), .string("nearest_mode", "floor")])
      let wide = try net.grid(nearest, scale: 0.016, zero: middle)
      let joined = try net.sketch.node("Concat", [large, wide], [.int("axis", 1)])
      net.sketch.output(try net.grid(joined, scale: 0.04, zero: middle + 1))
      var lowered = net.sketch.graph
      try PassPipeline.optimize(&lowered)
      let input = try net.sketch.noise.tensor([2, 7, 4, 5], scale: 2)
      let meant = try net.sketch.graph.evaluate([input])[0].array(of: Float.self)
      let engine = try Engine(lowered)
      let kernels = engine.profile.map { $0.kernel }
      #expect(!kernels.contains { $0 == "reference" || $0.contains("igemm") && $0.hasPrefix("f32") }, "\(kernels)")
      #expect(kernels.contains("q8_table_rows"), "\(kernels)")
      for (a, b) in zip(try engine.run([input])[0].array(of: Float.self), meant) { #expect(abs(a - b) <= 0.0901) }
    }
  }

  /// A broadcasting sum has no kernel; the bounds behind it must not be lost.
  @Test func boundsBehindASumByDefinitionStay() throws {
    var net = QDQSketch(seed: 3, .uint8)
    var x = try net.grid(net.sketch.input([1, 3, 6, 5]), scale: 0.016, zero: 120)
    x = try net.grid(try net.conv(x, from: 3, to: 8, input: 0.016), scale: 0.1, zero: 128)
    let mean = try net.grid(try net.sketch.node("GlobalAveragePool", [x]), scale: 0.05, zero: 128)
    let sum = try net.sketch.node("Relu", [try net.sketch.node("Add", [x, mean])])
    net.sketch.output(try net.grid(sum, scale: 0.1, zero: 100))
    var lowered = net.sketch.graph
    try PassPipeline.optimize(&lowered)
    let input = try net.sketch.noise.tensor([1, 3, 6, 5], scale: 2)
    let meant = try net.sketch.graph.evaluate([input])[0].array(of: Float.self)
    let found = try Engine(lowered).run([input])[0].array(of: Float.self)
    for (a, b) in zip(found, meant) { #expect(abs(a - b) <= 0.11) }
  }

  /// 8-bit Winograd equals the exact kernel except for float rounding, with transformed weights and with taps (which
  /// are s8).
  @Test(arguments: [ElementType.uint8, .int8], [nil, 128, 100] as [UInt8?])
  func winogradIsExact(_ type: ElementType, weightZero: UInt8?) throws {
    var net = QDQSketch(seed: 5, type)
    let x = try net.grid(net.sketch.input([1, 32, 22, 27]), scale: 0.016, zero: type == .int8 ? 3 : 120)
    let scale: Float = 0.3
    let y = try net.conv(x, from: 32, to: 48, weightZero: weightZero, input: 0.016)
    net.sketch.output(try net.grid(y, scale: scale, zero: 10))
    var lowered = net.sketch.graph
    try PassPipeline.optimize(&lowered)
    let input = try net.sketch.noise.tensor([1, 32, 22, 27], scale: 2)
    func run(_ memory: EngineOptions.Memory, exact: Bool) throws -> (kernels: [String], values: [Float]) {
      let engine = try Engine(lowered, options: EngineOptions(threads: 2, memory: memory, exact: exact))
      return (engine.profile.map { $0.kernel }, try engine.run([input])[0].array(of: Float.self))
    }
    let meant = try run(.fast, exact: true)
    #expect(!meant.kernels.contains { $0.contains("winograd") })
    // Where the processor multiplies tiles, that is faster than Winograd.
    let isOutrun = meant.kernels.contains { $0.contains("amx") }
    for memory in EngineOptions.Memory.allCases {
      let (kernels, values) = try run(memory, exact: false)
      let isWinograd = !isOutrun && (memory == .fast || weightZero != 100)
      #expect(kernels.contains { $0.contains("winograd") } == isWinograd, "\(kernels)")
      #expect(kernels.contains { $0.contains("taps") } == (isWinograd && memory != .fast), "\(kernels)")
      var off = 0
      for (a, b) in zip(values, meant.values) where a != b {
        #expect(abs(a - b) <= 1.01 * scale)
        off += 1
      }
      #expect(off <= values.count / 1000)
    }
  }

  /// MobileNetV3's block: depthwise convolution, activations that are functions of a byte, squeeze and excitation; and a
  /// normalisation that no convolution took. All of it stays on integers.
  @Test(arguments: [ElementType.uint8, .int8]) func anInvertedResidualRunsOnIntegers(_ type: ElementType) throws {
    var net = QDQSketch(seed: 21, type)
    let (middle, least) = type == .int8 ? (0, -128) : (128, 0)
    func hardSwish(_ x: Int, _ scale: Float) throws -> Int {
      let gate = try net.sketch.node("HardSigmoid", [x], [.float("alpha", 1 / 6), .float("beta", 0.5)])
      let product = try net.sketch.node("Mul", [x, try net.grid(gate, scale: 1 / 255, zero: least)])
      return try net.grid(product, scale: scale, zero: middle)
    }
    var x = try net.grid(net.sketch.input([2, 3, 15, 13]), scale: 0.016, zero: middle)
    x = try net.grid(try net.conv(x, from: 3, to: 24, input: 0.016), scale: 0.03, zero: middle)
    x = try hardSwish(x, 0.025)
    x = try net.grid(
      try net.conv(x, from: 24, to: 24, kernel: 5, stride: 2, groups: 24, input: 0.025), scale: 0.04, zero: middle)
    x = try net.grid(try net.sketch.node("Sigmoid", [x]), scale: 0.004, zero: least)
    var gate = try net.grid(try net.sketch.node("GlobalAveragePool", [x]), scale: 0.004, zero: least)
    gate = try net.grid(try net.conv(gate, from: 24, to: 24, kernel: 1, input: 0.004), scale: 0.05, zero: middle)
    gate = try net.grid(try net.sketch.node("HardSigmoid", [gate]), scale: 1 / 255, zero: least)
    x = try net.grid(try net.sketch.node("Mul", [x, gate]), scale: 0.003, zero: least)
    x = try net.grid(
      try net.sketch.node("Relu", [try net.sketch.norm(x, 24)]), scale: 0.02, zero: least)
    x = try net.grid(try net.sketch.node("GlobalAveragePool", [x]), scale: 0.01, zero: least)
    x = try net.grid(try net.sketch.node("Flatten", [x]), scale: 0.01, zero: least)
    net.sketch.output(try net.gemm(x, from: 24, to: 5, input: 0.01))
    var lowered = net.sketch.graph
    try PassPipeline.optimize(&lowered)
    let input = try net.sketch.noise.tensor([2, 3, 15, 13], scale: 2)
    let meant = try net.sketch.graph.evaluate([input])[0].array(of: Float.self)
    let engine = try Engine(lowered, options: EngineOptions(threads: 2))
    let kernels = engine.profile.map { $0.kernel }
    #expect(!kernels.contains { $0 == "reference" || $0.hasPrefix("f32") }, "\(kernels)")
    // HardSigmoid and its product are one table; so is each of the others.
    #expect(kernels.filter { $0 == "q8_table" }.count == 3, "\(kernels)")
    #expect(kernels.filter { $0.contains("depthwise") }.count == 2, "\(kernels)")
    for _ in 0..<2 {
      for (a, b) in zip(try engine.run([input])[0].array(of: Float.self), meant) { #expect(abs(a - b) <= 0.04) }
    }
  }

  /// What onnxruntime's `quantize_dynamic` writes: integer products whose scale and zero point a run finds. With
  /// bias, without, and with sums that another node reads too.
  @Test(arguments: [ElementType.uint8, .int8]) func dynamicQuantizationRunsOnIntegers(_ type: ElementType) throws {
    var sketch = Sketch(seed: 4)
    func integers(_ shape: Shape) throws -> (w: Int, zero: Int) {
      let values = (0..<shape.count).map { _ in UInt8(sketch.noise.int(0...255)) }
      let tensor = type == .uint8 ? try Tensor(shape, values) : try Tensor(shape, values.map { Int8(bitPattern: $0) })
      let zero = type == .uint8 ? try Tensor(scalar: UInt8(117)) : try Tensor(scalar: Int8(0))
      return (sketch.constant(tensor), sketch.constant(zero))
    }
    func quantize(_ x: Int) throws -> [Int] {
      let y = try sketch.node("DynamicQuantizeLinear", [x])
      let node = sketch.graph.nodes.count - 1
      let numbers = [sketch.graph.addValue("\(y)_scale"), sketch.graph.addValue("\(y)_zero")]
      sketch.graph.nodes[node].outputs += numbers
      return [y] + numbers
    }
    func scaled(_ sums: Int, _ scale: Int) throws -> Int {
      let factor = try sketch.node("Mul", [scale, sketch.constant(try Tensor(scalar: Float(0.004)))])
      return try sketch.node("Mul", [try sketch.node("Cast", [sums], [.int("to", 1)]), factor])
    }
    let x = sketch.input([2, 5, 9, 8])
    var q = try quantize(x)
    var w = try integers([24, 5, 3, 3])
    var y = try scaled(
      try sketch.node("ConvInteger", [q[0], w.w, q[2], w.zero], [.ints("pads", [1, 1, 1, 1])]), q[1])
    y = try sketch.node("Relu", [try sketch.node("Add", [y, try sketch.constant([1, 24, 1, 1])])])
    q = try quantize(y)
    w = try integers([24, 1, 3, 3])
    let sums = try sketch.node(
      "ConvInteger", [q[0], w.w, q[2], w.zero], [.int("group", 24), .ints("strides", [2, 2])])
    sketch.output(sums)
    y = try sketch.node("Flatten", [try scaled(sums, q[1])])
    q = try quantize(y)
    w = try integers([288, 17])
    y = try scaled(try sketch.node("MatMulInteger", [q[0], w.w, q[2], w.zero]), q[1])
    y = try sketch.node("Add", [y, try sketch.constant([17])])
    w = try integers([17, 6])
    y = try sketch.node(
      "DynamicQuantizeMatMul",
      [y, w.w, sketch.constant(try Tensor(scalar: Float(0.01))), w.zero, try sketch.constant([6])],
      domain: .microsoft)
    sketch.output(y)
    var lowered = sketch.graph
    try PassPipeline.optimize(&lowered)
    let input = try sketch.noise.tensor([2, 5, 9, 8], scale: 2)
    let meant = try sketch.graph.evaluate([input])
    for threads in [1, 2] {
      let engine = try Engine(lowered, options: EngineOptions(threads: threads))
      // The Cast of sums that are an output too has no kernel.
      for step in engine.profile where step.kernel == "reference" && !step.name.hasPrefix("Cast") {
        Issue.record("\(step.name) is run by its definition")
      }
      let found = try engine.run([input])
      let (sums, meantSums) = (found[0].ints ?? [], meant[0].ints ?? [])
      // A value of the first layer near a half may be rounded either way.
      #expect(sums.count == meantSums.count && zip(sums, meantSums).allSatisfy { abs($0 - $1) <= 300 })
      let (values, meantValues) = (found[1].array(of: Float.self), meant[1].array(of: Float.self))
      let most = meantValues.map { abs($0) }.max() ?? 0
      for (a, b) in zip(values, meantValues) { #expect(abs(a - b) <= 0.02 * most, "\(values) \(meantValues)") }
    }
  }

  /// Operators without a kernel still run, with the same result.
  @Test func gridsThatDifferStayFloat() throws {
    var net = QDQSketch(seed: 9, .uint8)
    var x = try net.grid(net.sketch.input([1, 4, 6, 6]), scale: 0.02, zero: 100)
    x = try net.grid(
      try net.sketch.node("MaxPool", [x], [.ints("kernel_shape", [2, 2])]), scale: 0.03, zero: 90)
    net.sketch.output(x)
    var lowered = net.sketch.graph
    try PassPipeline.optimize(&lowered)
    let input = try net.sketch.noise.tensor([1, 4, 6, 6], scale: 2)
    let meant = try net.sketch.graph.evaluate([input])[0].array(of: Float.self)
    let found = try Engine(lowered).run([input])[0].array(of: Float.self)
    for (a, b) in zip(found, meant) { #expect(abs(a - b) < 1e-6) }
  }
}
