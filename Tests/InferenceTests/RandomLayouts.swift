import ModelGraph

/// Pieces of networks for `RandomGraph`: nodes that stand side by side there, so that passes and steps join them.
enum RandomLayouts {
  typealias Layout = @Sendable (inout RandomGraph) throws -> Void

  static let all: [(name: String, layout: Layout)] = [
    ("residual", residual), ("squeeze and excite", squeezeExcite), ("inverted residual", invertedResidual),
    ("branches", branches), ("channel shuffle", channelShuffle), ("decoder", decoder), ("head", head),
    ("self-attention", selfAttention), ("feed forward", feedForward), ("patches", patches),
    ("shifted window", shiftedWindow), ("quantised convolution", quantizedConvolution),
    ("quantised dense layer", quantizedDense), ("scaled features", scaledFeatures),
  ]

  @discardableResult
  static func activation(_ g: inout RandomGraph, _ x: RandomGraph.Value) throws -> RandomGraph.Value {
    switch g.choice([
      "Relu", "Relu", "LeakyRelu", "Sigmoid", "HardSwish", "Clip", "Swish", "PRelu", "Elu", "Mish", "Gelu",
    ])
    {
    case "Clip": return try g.node("Clip", [x, g.scalar(0, x.type), g.scalar(6, x.type)])[0]
    case "Swish": return try g.node("Mul", [x, try g.node("Sigmoid", [x])[0]])[0]
    case "PRelu":
      let slope = Shape([x.shape[1]] + [Int](repeating: 1, count: x.rank - 2))
      return try g.node("PRelu", [x, g.constant(slope, like: x)])[0]
    case "Gelu":
      let inner = try g.node("Erf", [try g.node("Div", [x, g.scalar(2.0.squareRoot(), x.type)])[0]])[0]
      let weighted = try g.node("Mul", [x, try g.node("Add", [inner, g.scalar(1, x.type)])[0]])[0]
      return try g.node("Mul", [weighted, g.scalar(0.5, x.type)])[0]
    case let name: return try g.node(name, [x])[0]
    }
  }

  private static func block(
    _ g: inout RandomGraph, _ x: RandomGraph.Value, filters: Int? = nil
  ) throws -> RandomGraph.Value {
    var y = try RandomNodes.convolution(&g, x, filters: filters, kernel: g.choice([1, 3, 3, 5]))
    if g.chance(2) { y = try RandomNodes.normalised(&g, y) }
    return g.chance(5) ? y : try activation(&g, y)
  }

  private static func pointwise(
    _ g: inout RandomGraph, _ x: RandomGraph.Value, _ filters: Int
  ) throws -> RandomGraph.Value {
    try g.node("Conv", [x, g.weights([filters, x.shape[1], 1, 1]), g.constant([filters], like: x)])[0]
  }

  private static func residual(_ g: inout RandomGraph) throws {
    let x = try g.map()
    let y = try block(&g, block(&g, x), filters: x.shape[1])
    try activation(&g, try g.node("Add", g.chance(2) ? [y, x] : [x, y])[0])
  }

  private static func squeezeExcite(_ g: inout RandomGraph) throws {
    let x = try block(&g, g.map())
    var s =
      g.chance(2)
      ? try g.node("GlobalAveragePool", [x])[0]
      : try g.node("ReduceMean", [x, g.ints([2, 3])], [.int("keepdims", 1)])[0]
    s = try g.node("Relu", [try pointwise(&g, s, 3)])[0]
    s = try g.node(g.choice(["Sigmoid", "HardSigmoid"]), [try pointwise(&g, s, x.shape[1])])[0]
    try g.node("Mul", g.chance(2) ? [x, s] : [s, x])
  }

  private static func invertedResidual(_ g: inout RandomGraph) throws {
    let x = try g.map()
    let wide = 3 * x.shape[1]
    let stride = g.choice([1, 1, 2])
    let k = g.choice([3, 5])
    var y = try activation(&g, try pointwise(&g, x, wide))
    y = try g.node(
      "Conv", [y, g.weights([wide, 1, k, k]), g.constant([wide], like: x)],
      [.int("group", wide), .ints("pads", [Int](repeating: k / 2, count: 4)), .ints("strides", [stride, stride])])[0]
    y = try pointwise(&g, try activation(&g, y), x.shape[1])
    if stride == 1 { try g.node("Add", [y, x]) }
  }

  private static func branches(_ g: inout RandomGraph) throws {
    let x = try g.map()
    var parts = [try g.node("MaxPool", [x], [.ints("kernel_shape", [3, 3]), .ints("pads", [1, 1, 1, 1])])[0]]
    for _ in 0..<g.int(1...3) { parts.insert(try block(&g, x), at: g.below(parts.count + 1)) }
    try g.node("Concat", parts, [.int("axis", 1)])
  }

  private static func channelShuffle(_ g: inout RandomGraph) throws {
    let x = try g.map(channels: g.choice([4, 6, 16]))
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let halves = try g.node("Split", [x, g.ints([c / 2, c / 2])], [.int("axis", 1)], outputs: 2)
    var y = try g.node("Concat", [halves[0], block(&g, halves[1], filters: c / 2)], [.int("axis", 1)])[0]
    y = try g.node("Reshape", [y, g.ints([n, 2, c / 2, h, w])])[0]
    y = try g.node("Transpose", [y], [.ints("perm", [0, 2, 1, 3, 4])])[0]
    _ = try block(&g, try g.node("Reshape", [y, g.ints([n, c, h, w])])[0])
  }

  private static func decoder(_ g: inout RandomGraph) throws {
    let x = try g.map(most: 7)
    var y: RandomGraph.Value
    if g.chance(2) {
      let mode = g.choice(["nearest", "linear"])
      let place = g.choice(["asymmetric", "half_pixel"])
      y = try g.node(
        "Resize", [x, nil, g.constant(try Tensor([4], [1, 1, 2, 2] as [Float]))],
        [.string("mode", mode), .string("coordinate_transformation_mode", place)])[0]
    } else {
      y = try g.node("ConvTranspose", [x, g.weights([x.shape[1], 3, 2, 2])], [.ints("strides", [2, 2])])[0]
    }
    let other = try g.input([y.shape[0], 3, y.shape[2], y.shape[3]])
    _ = try block(&g, try g.node("Concat", [y, other], [.int("axis", 1)])[0])
  }

  private static func head(_ g: inout RandomGraph) throws {
    let x = try block(&g, g.map())
    let y = try g.node("Flatten", [try g.node("GlobalAveragePool", [x])[0]])[0]
    let logits = try g.node("Gemm", [y, g.weights([5, y.shape[1]]), g.constant([5], like: y)], [.int("transB", 1)])[0]
    try g.node(g.choice(["Softmax", "LogSoftmax"]), [logits], [.int("axis", 1)])
  }

  private static func normalised(_ g: inout RandomGraph, _ x: RandomGraph.Value) throws -> RandomGraph.Value {
    let width = Shape([x.shape[2]])
    let (scale, bias) = (try g.constant(width, like: x), try g.constant(width, like: x))
    if g.chance(2) {
      return try g.node("LayerNormalization", [x, scale, bias], [.int("axis", -1), .float("epsilon", 1e-2)])[0]
    }
    func mean(_ g: inout RandomGraph, _ x: RandomGraph.Value) throws -> RandomGraph.Value {
      try g.node("ReduceMean", [x, g.ints([-1])], [.int("keepdims", 1)])[0]
    }
    let centred = try g.node("Sub", [x, mean(&g, x)])[0]
    let square = try g.node("Pow", [centred, g.scalar(2, x.type)])[0]
    let deviation = try g.node("Sqrt", [try g.node("Add", [mean(&g, square), g.scalar(1e-2, x.type)])[0]])[0]
    let y = try g.node("Mul", [try g.node("Div", [centred, deviation])[0], scale])[0]
    return try g.node("Add", [y, bias])[0]
  }

  private static func selfAttention(_ g: inout RandomGraph) throws {
    let x = try g.tokens()
    let (n, t, d) = (x.shape[0], x.shape[1], x.shape[2])
    let heads = g.choice([1, 2, 4].filter { d % $0 == 0 })
    var parts: [RandomGraph.Value] = []
    for index in 0..<3 {
      let y = try g.node("MatMul", [x, g.weights([d, d])])[0]
      let split = try g.node("Reshape", [y, g.ints([n, t, heads, d / heads])])[0]
      parts.append(try g.node("Transpose", [split], [.ints("perm", index == 1 ? [0, 2, 3, 1] : [0, 2, 1, 3])])[0])
    }
    var scores = try g.node("MatMul", [parts[0], parts[1]])[0]
    scores = try g.node("Div", [scores, g.scalar((Double(d) / Double(heads)).squareRoot(), x.type)])[0]
    scores = try g.node("Softmax", [scores], [.int("axis", -1)])[0]
    let y = try g.node("Transpose", [try g.node("MatMul", [scores, parts[2]])[0]], [.ints("perm", [0, 2, 1, 3])])[0]
    try g.node("Add", [try g.node("Reshape", [y, g.ints([n, t, d])])[0], x])
  }

  private static func feedForward(_ g: inout RandomGraph) throws {
    let x = try g.tokens()
    let d = x.shape[2]
    var y = try g.node("MatMul", [try normalised(&g, x), g.weights([d, 2 * d])])[0]
    y = try g.node("Add", g.chance(2) ? [y, g.constant([2 * d], like: x)] : [g.constant([2 * d], like: x), y])[0]
    y = try g.node("MatMul", [try activation(&g, y), g.weights([2 * d, d])])[0]
    try g.node("Add", [y, x])
  }

  private static func patches(_ g: inout RandomGraph) throws {
    let x = try g.input([1, 3, 8, g.choice([8, 12])])
    let y = try g.node("Conv", [x, g.weights([8, 3, 4, 4]), g.constant([8], like: x)], [.ints("strides", [4, 4])])[0]
    let flat = try g.node("Reshape", [y, g.ints([0, 0, -1])])[0]
    let rows = try g.node("Transpose", [flat], [.ints("perm", [0, 2, 1])])[0]
    try g.node("Concat", [g.constant([1, 1, 8], like: x), rows], [.int("axis", 1)])
  }

  private static func shiftedWindow(_ g: inout RandomGraph) throws {
    let x = try g.input([1, 6, 4, 6])
    func part(_ g: inout RandomGraph, _ start: Int, _ end: Int) throws -> RandomGraph.Value {
      try g.node("Slice", [x, g.ints([start]), g.ints([end]), g.ints([2])])[0]
    }
    let rolled = try g.node("Concat", [part(&g, 1, 99), part(&g, 0, 1)], [.int("axis", 2)])[0]
    let split = try g.node("Reshape", [rolled, g.ints([1, 6, 2, 2, 3, 2])])[0]
    let turned = try g.node("Transpose", [split], [.ints("perm", [0, 2, 4, 3, 5, 1])])[0]
    try g.node("Reshape", [turned, g.ints([-1, 4, 6])])
  }

  private static func quantizedConvolution(_ g: inout RandomGraph) throws {
    let x = try RandomNodes.faked(&g, g.map(most: 17))
    let (channels, k) = (x.shape[1], g.choice([1, 3]))
    let isDepthwise = g.chance(3)
    let w = try RandomNodes.quantizedWeights(
      &g, [isDepthwise ? channels : 5, isDepthwise ? 1 : channels, k, k])
    var y = try g.node(
      "Conv", [x, w],
      [.ints("pads", [Int](repeating: k / 2, count: 4)), .int("group", isDepthwise ? channels : 1)])[0]
    if g.chance(2) { y = try g.node("Relu", [y])[0] }
    y = try RandomNodes.faked(&g, y)
    if g.chance(2) {
      let other = try RandomNodes.faked(&g, g.input(y.shape))
      _ = try RandomNodes.faked(&g, try g.node("Add", [y, other])[0])
    }
  }

  private static func quantizedDense(_ g: inout RandomGraph) throws {
    let x = try RandomNodes.faked(&g, g.input([g.choice([1, 3]), g.choice([7, 17])]))
    let w = try RandomNodes.quantizedWeights(&g, [x.shape[1], 5], axis: 1)
    _ = try RandomNodes.faked(&g, try g.node("MatMul", [x, w])[0])
  }

  /// A map normalised with numbers of its own, as GRN and layer scale do.
  private static func scaledFeatures(_ g: inout RandomGraph) throws {
    let x = try block(&g, g.map())
    let norm = try g.node("ReduceL2", [x, g.ints([2, 3])], [.int("keepdims", 1)])[0]
    let mean = try g.node("ReduceMean", [norm, g.ints([1])], [.int("keepdims", 1)])[0]
    let ratio = try g.node("Div", [norm, try g.node("Add", [mean, g.scalar(0.1, x.type)])[0]])[0]
    let scaled = try g.node("Mul", [try g.node("Mul", [x, ratio])[0], g.constant([1, x.shape[1], 1, 1], like: x)])[0]
    try g.node("Add", [scaled, x])
  }
}
