import Inference
import ModelGraph
import TestSupport
import Testing

/// Each operator that has a kernel, at awkward sizes, against its definition.
@Suite struct OperatorTests {
  @Test(arguments: 0..<40) func convolution(_ seed: Int) throws {
    var sketch = Sketch(seed: seed)
    let group = [1, 1, 1, 2, 4][sketch.noise.int(0...4)]
    let channels = group * [1, 3, 5, 16, 24][sketch.noise.int(0...4)]
    let filters = group * [1, 4, 15, 17, 33][sketch.noise.int(0...4)]
    let kernel = [sketch.noise.int(1...5), sketch.noise.int(1...4)]
    let dilations = [sketch.noise.int(1...2), sketch.noise.int(1...2)]
    let attributes: [Attribute] = [
      .ints("strides", [sketch.noise.int(1...3), sketch.noise.int(1...2)]), .ints("dilations", dilations),
      .ints("pads", (0..<4).map { _ in sketch.noise.int(0...3) }), .int("group", group),
    ]
    let x = sketch.input([
      [1, 3][sketch.noise.int(0...1)], channels, sketch.noise.int(9...13), sketch.noise.int(7...20),
    ])
    let w = try sketch.constant([filters, channels / group, kernel[0], kernel[1]])
    let bias: Int? = seed % 2 == 0 ? try sketch.constant([filters]) : nil
    sketch.output(try sketch.node("Conv", [x, w, bias], attributes))
    try sketch.check()
  }

  @Test func convolutionOverOneAxis() throws {
    var sketch = Sketch(seed: 1)
    let x = sketch.input([3, 24, 50])
    let w = try sketch.constant([17, 24, 5])
    let y = try sketch.node("Conv", [x, w], [.ints("strides", [2]), .ints("pads", [2, 1])])
    sketch.output(try sketch.node("GlobalAveragePool", [y]))
    sketch.output(y)
    try sketch.check()
  }

  /// Groups of few channels, at sizes that tiles take and at others.
  @Test(arguments: [4, 8, 16], [1, 2]) func groups(_ group: Int, _ stride: Int) throws {
    for (count, kernel) in [(1, 3), (2, 3), (5, 3), (9, 3), (3, 5)] {
      var sketch = Sketch(seed: group * count)
      let channels = group * count
      let x = sketch.input([2, channels, 9, 15])
      let w = try sketch.constant([channels, group, kernel, kernel])
      let attributes: [Attribute] = [
        .int("group", count), .ints("pads", [1, 1, 1, 1]), .ints("strides", [stride, stride]),
      ]
      sketch.output(
        try sketch.node("Relu", [try sketch.node("Conv", [x, w, try sketch.constant([channels])], attributes)]))
      sketch.output(try sketch.node("Sigmoid", [try sketch.node("Conv", [x, w], attributes)]))
      try sketch.check()
    }
  }

  /// Taps that lie apart, by Winograd over parts of the planes.
  @Test(arguments: [2, 3, 5], ["", "Relu", "HardSwish"]) func dilated(_ dilation: Int, _ activation: String) throws {
    for (height, width) in [(12, 15), (11, 6), (30, 30)] {
      var sketch = Sketch(seed: height)
      let x = sketch.input([2, 48, height, width])
      let attributes: [Attribute] = [
        .ints("dilations", [dilation, dilation]), .ints("pads", [Int](repeating: dilation, count: 4)),
      ]
      let w = try sketch.constant([40, 48, 3, 3], scale: 0.1)
      let y = try sketch.node("Conv", [x, w, try sketch.constant([40])], attributes)
      sketch.output(activation.isEmpty ? y : try sketch.node(activation, [y]))
      try sketch.check(tolerance: 1e-4, exact: false)
    }
  }

  /// More than four axes, of which all but four are walked as one.
  @Test func binaryOverManyAxes() throws {
    var sketch = Sketch(seed: 6)
    let x = sketch.input([2, 3, 4, 5, 6])
    sketch.output(try sketch.node("Mul", [x, try sketch.constant([2, 3, 4, 1, 1])]))
    sketch.output(try sketch.node("Add", [try sketch.constant([3, 1, 1, 1]), x]))
    sketch.output(try sketch.node("Sub", [x, try sketch.constant([2, 1, 4, 1, 1])]))
    sketch.output(try sketch.node("Add", [sketch.input([1]), sketch.input([1, 1, 1, 1, 1])]))
    try sketch.check()
  }

  @Test(arguments: [1, 3], [false, true]) func depthwise(_ stride: Int, _ fused: Bool) throws {
    for channels in [2, 16, 24, 127] {
      var sketch = Sketch(seed: channels)
      let x = sketch.input([2, channels, 7, 24])
      let w = try sketch.constant([channels, 1, 3, 3])
      let bias = try sketch.constant([channels])
      let attributes: [Attribute] = [
        .int("group", channels), .ints("pads", [1, 1, 1, 1]), .ints("strides", [stride, stride]),
      ]
      if fused {
        let clip: [Attribute] = [.string("activation", "Clip"), Attribute("activation_params", .floats([0, 6]))]
        sketch.output(try sketch.node("FusedConv", [x, w, bias], attributes + clip, domain: .microsoft))
      } else {
        sketch.output(try sketch.node("Conv", [x, w, bias], attributes))
      }
      try sketch.check()
    }
  }

  @Test(arguments: ["", "Relu", "LeakyRelu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish"])
  func fusedConvolutionWithResidual(_ activation: String) throws {
    let parameters: [Float] =
      switch activation {
      case "LeakyRelu": [0.1]
      case "Clip": [-0.5, 1]
      case "HardSigmoid": [0.3, 0.4]
      default: []
      }
    var sketch = Sketch(seed: 5)
    let x = sketch.input([3, 24, 5, 7])
    let z = try sketch.node("Conv", [x, try sketch.constant([33, 24, 1, 1])])
    var attributes: [Attribute] = [.ints("pads", [1, 1, 1, 1])]
    if !activation.isEmpty { attributes.append(.string("activation", activation)) }
    if !parameters.isEmpty { attributes.append(Attribute("activation_params", .floats(parameters))) }
    let w = try sketch.constant([33, 24, 3, 3])
    let bias = try sketch.constant([33])
    let y = try sketch.node("FusedConv", [x, w, bias, z], attributes, domain: .microsoft)
    sketch.output(y)
    try sketch.check()
  }

  /// One group, groups that share a panel of weights, a group for each channel; several passes over the taps.
  @Test(arguments: ["Swish", "Gelu", "FastGelu", "Mish", "Tanh", "HardSwish"], [1, 8, 24])
  func activationsInTheEpilogue(_ activation: String, _ group: Int) throws {
    for (kernel, isExact) in [(1, true), (3, true), (3, false), (7, true)] {
      var sketch = Sketch(seed: group + kernel)
      let x = sketch.input([2, 24, 9, 11])
      var attributes: [Attribute] = [
        .ints("pads", [Int](repeating: kernel / 2, count: 4)), .int("group", group), .string("activation", activation),
      ]
      if activation == "Swish" { attributes.append(Attribute("activation_params", .floats([1.5]))) }
      let w = try sketch.constant([24, 24 / group, kernel, kernel], scale: 0.3)
      let inputs: [Int?] = [x, w, try sketch.constant([24])]
      sketch.output(try sketch.node("FusedConv", inputs, attributes, domain: .microsoft))
      // Errors are those of sums of up to 10, which a Tanh hides.
      try sketch.check(tolerance: isExact ? 3e-5 : 2e-4, exact: isExact)
    }
  }

  @Test func residualFromTheInputItself() throws {
    var sketch = Sketch(seed: 6)
    let x = sketch.input([1, 16, 6, 6])
    let w = try sketch.constant([16, 16, 3, 3])
    sketch.output(try sketch.node("FusedConv", [x, w, nil, x], [.ints("pads", [1, 1, 1, 1])], domain: .microsoft))
    try sketch.check()
  }

  @Test(arguments: 0..<24) func poolings(_ seed: Int) throws {
    var sketch = Sketch(seed: seed)
    let x = sketch.input([2, [3, 16, 17][seed % 3], sketch.noise.int(6...12), sketch.noise.int(6...12)])
    var attributes: [Attribute] = [
      .ints("kernel_shape", [sketch.noise.int(2...4), sketch.noise.int(2...3)]),
      .ints("strides", [sketch.noise.int(1...3), sketch.noise.int(1...2)]),
      .ints("pads", (0..<4).map { _ in sketch.noise.int(0...1) }), .flag("ceil_mode", seed % 2 == 0),
    ]
    if seed % 4 == 0 { attributes.append(.ints("dilations", [2, 1])) }
    let y = try sketch.node("MaxPool", [x], attributes)
    sketch.output(y)
    sketch.output(try sketch.node("AveragePool", [x], attributes + [.flag("count_include_pad", seed % 3 == 0)]))
    sketch.output(try sketch.node("GlobalMaxPool", [y]))
    sketch.output(try sketch.node("GlobalAveragePool", [y]))
    let axes = sketch.constant(try Tensor([2], [Int64(-1), 2]))
    sketch.output(try sketch.node("ReduceMean", [y, axes], [.flag("keepdims", seed % 2 == 0)]))
    try sketch.check()
  }

  @Test(arguments: [0, 1], [0, 1, 2]) func gemm(_ transB: Int, _ bias: Int) throws {
    for (rows, depth, columns) in [(1, 512, 1000), (3, 7, 5), (17, 1, 33), (1, 127, 2)] {
      var sketch = Sketch(seed: rows)
      let a = sketch.input([rows, depth])
      var inputs: [Int?] = [a, try sketch.constant(transB == 1 ? [columns, depth] : [depth, columns])]
      if bias > 0 { inputs.append(try sketch.constant(bias == 1 ? [columns] : [1, columns])) }
      let attributes: [Attribute] = [.int("transB", transB), .float("alpha", 0.5), .float("beta", 2)]
      sketch.output(try sketch.node("Gemm", inputs, attributes))
      try sketch.check()
    }
  }

  @Test func matrixProducts() throws {
    var sketch = Sketch(seed: 3)
    let a = sketch.input([2, 3, 5, 7])
    sketch.output(try sketch.node("MatMul", [a, try sketch.constant([7, 19])]))
    try sketch.check()
  }

  @Test(arguments: [
    "Relu", "LeakyRelu", "Elu", "Sigmoid", "HardSigmoid", "HardSwish", "Clip", "Swish", "Gelu", "Mish", "Tanh", "Erf",
    "Exp", "Abs", "Neg",
  ])
  func unary(_ name: String) throws {
    var sketch = Sketch(seed: 2)
    let x = sketch.input([2, 5, 3, 7])
    let y = try sketch.node("Conv", [x, try sketch.constant([6, 5, 1, 1])])
    var bounds: [Int?] = []
    if name == "Clip" { bounds = [nil, sketch.constant(try Tensor(scalar: Float(0.5)))] }
    sketch.output(try sketch.node(name, [x] + bounds))
    sketch.output(try sketch.node(name, [y] + bounds))
    try sketch.check()
  }

  @Test(arguments: ["Add", "Sub", "Mul", "Div"]) func binary(_ name: String) throws {
    let shapes: [Shape] = [
      [2, 6, 3, 7], [1, 6, 1, 1], [2, 6, 1, 1], [6, 1, 1], [1], [], [1, 1, 3, 7], [3, 7], [2, 1, 3, 7],
    ]
    for shape in shapes {
      for constant in [true, false] {
        var sketch = Sketch(seed: shape.count)
        let x = sketch.input([2, 5, 3, 7])
        let y = try sketch.node("Conv", [x, try sketch.constant([6, 5, 1, 1])])
        // Away from zero, for Div.
        var tensor = try sketch.noise.tensor(shape)
        tensor.withMutableElements(Float.self) { for index in $0.indices { $0[index] += 3 } }
        let other: Int
        if constant {
          other = sketch.constant(tensor)
        } else {
          other = try sketch.node("Sigmoid", [sketch.input(shape)])
        }
        sketch.output(try sketch.node(name, [y, other]))
        sketch.output(try sketch.node(name, [other, try sketch.node("Sigmoid", [y])]))
        try sketch.check(tolerance: 1e-4)
      }
    }
  }

  @Test(arguments: [[3, 17], [2, 5, 4], [2, 5, 3, 7]]) func batchNormalization(_ extents: [Int]) throws {
    var sketch = Sketch(seed: 9)
    let x = sketch.input(Shape(extents))
    let channels = Shape([extents[1]])
    let variance = try Tensor(channels, sketch.noise.floats(extents[1]).map { abs($0) + 0.1 })
    let inputs = [x, try sketch.constant(channels), try sketch.constant(channels), try sketch.constant(channels)]
    sketch.output(try sketch.node("BatchNormalization", inputs + [sketch.constant(variance)]))
    try sketch.check()
  }

  @Test func concatenation() throws {
    var sketch = Sketch(seed: 8)
    let x = sketch.input([2, 5, 3, 7])
    let a = try sketch.node("Conv", [x, try sketch.constant([6, 5, 1, 1])])
    let b = try sketch.node("MaxPool", [a], [.ints("kernel_shape", [1, 1])])
    let joined = try sketch.node("Concat", [a, x, b, a], [.int("axis", 1)])
    sketch.output(joined)
    sketch.output(try sketch.node("Concat", [a, b], [.int("axis", -1)]))
    sketch.output(try sketch.node("Concat", [a, b], [.int("axis", 0)]))
    // fastai's head.
    let pooled = [try sketch.node("GlobalMaxPool", [joined]), try sketch.node("GlobalAveragePool", [joined])]
    let flat = try sketch.node("Flatten", [try sketch.node("Concat", pooled, [.int("axis", 1)])])
    sketch.output(try sketch.node("Softmax", [flat]))
    sketch.output(try sketch.node("LogSoftmax", [flat], [.int("axis", 1)]))
    try sketch.check()
  }

  /// Convolutions that nothing but a Concat reads write into its result, others are copied there.
  @Test(arguments: [false, true]) func concatenationOfConvolutions(_ isRead: Bool) throws {
    var sketch = Sketch(seed: 12)
    let x = sketch.input([2, 20, 9, 11])
    func conv(
      _ x: Graph.ValueID, _ channels: Int, _ kernel: Int, from: Int, _ sketch: inout Sketch
    ) throws -> Graph.ValueID {
      let w = try sketch.constant([channels, from, kernel, kernel])
      let pads = Attribute.ints("pads", [Int](repeating: kernel / 2, count: 4))
      return try sketch.node("Conv", [x, w, try sketch.constant([channels])], [pads])
    }
    let narrow = try sketch.node("Relu", [try conv(x, 7, 1, from: 20, &sketch)])
    let wide = try conv(x, 40, 3, from: 20, &sketch)
    let smooth = try sketch.node("HardSwish", [try conv(narrow, 9, 5, from: 7, &sketch)])
    let alone = try conv(x, 18, 3, from: 20, &sketch)
    let joined = try sketch.node("Concat", [alone, narrow, wide, smooth], [.int("axis", 1)])
    if isRead { sketch.output(try sketch.node("Sigmoid", [wide])) }
    sketch.output(try conv(joined, 5, 3, from: 74, &sketch))
    sketch.output(try sketch.node("Concat", [joined, try conv(joined, 6, 1, from: 74, &sketch)], [.int("axis", 1)]))
    try sketch.check()
    try sketch.check(tolerance: 1e-3, exact: false)
  }

  @Test func namesForTheSameThing() throws {
    var sketch = Sketch(seed: 7)
    let x = sketch.input([2, 4, 3, 5])
    let y = try sketch.node("Conv", [x, try sketch.constant([6, 4, 1, 1])])
    let z = try sketch.node("Dropout", [try sketch.node("Identity", [y])])
    sketch.output(try sketch.node("Relu", [z]))
    sketch.output(try sketch.node("Flatten", [z]))
    let shape = sketch.constant(try Tensor([3], [Int64(2), 3, -1]))
    let reshaped = try sketch.node("Reshape", [z, shape])
    sketch.output(reshaped)
    sketch.output(try sketch.node("Identity", [x]))
    sketch.output(sketch.constant(try sketch.noise.tensor([2, 2])))
    sketch.output(y)
    sketch.output(y)
    try sketch.check()
  }

  @Test func whatHasNoKernelRunsByDefinition() throws {
    var sketch = Sketch(seed: 11)
    let x = sketch.input([2, 4, 6, 5])
    let y = try sketch.node("Conv", [x, try sketch.constant([6, 4, 3, 3])])
    let turned = try sketch.node("Transpose", [y], [.ints("perm", [0, 2, 3, 1])])
    sketch.output(try sketch.node("Relu", [turned]))
    // A convolution whose weights are computed by the graph.
    let w = try sketch.node("Relu", [sketch.input([3, 6, 2, 2])])
    sketch.output(try sketch.node("Conv", [y, w]))
    try sketch.check(references: 1)
  }
}
