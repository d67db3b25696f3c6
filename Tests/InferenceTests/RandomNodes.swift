import ModelGraph

/// Nodes of `RandomGraph`: a maker for each operator, and layouts of networks. A maker picks values or adds new ones; what
/// an operator refuses does not suit, so that a maker needs no checks.
struct RandomNodes: Sendable {
  typealias Maker = @Sendable (inout RandomGraph, String) throws -> Void

  private(set) var makers: [String: Maker] = [:]

  var names: [String] { makers.keys.sorted() }

  private mutating func add(_ names: String..., maker: @escaping Maker) { for name in names { makers[name] = maker } }

  private static let microsoft = "com.microsoft."

  init() {
    addElementwise()
    addAlongAxes()
    addMovement()
    addChoices()
    addMaps()
    addNormalizations()
    addProducts()
    addQuantized()
  }

  // MARK: Element by element

  private mutating func addElementwise() {
    let floats = RandomGraph.floats
    add(
      "Exp", "Log", "Sqrt", "Reciprocal", "Erf", "Tanh", "Sigmoid", "Softplus", "Softsign", "Mish", "HardSwish", "Ceil",
      "Floor", "Round", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Selu",
      "IsNaN", "IsInf", "Dropout"
    ) { g, op in
      var x = try g.value(floats)
      // Within the domain of the function.
      if ["Log", "Sqrt", "Acosh", "Reciprocal"].contains(op) {
        x = try g.node("Add", [try g.node("Abs", [x])[0], try g.scalar(1, x.type)])[0]
      } else if ["Asin", "Acos", "Atanh"].contains(op) {
        x = try g.node("Mul", [try g.node("Tanh", [x])[0], try g.scalar(0.9, x.type)])[0]
      }
      try g.node(op, [x])
    }
    add("Neg", "Abs", "Sign", "Relu") { g, op in try g.node(op, [g.value(floats + RandomGraph.signed)]) }
    add("LeakyRelu", "Elu", "Celu", "ThresholdedRelu", "Swish") { g, op in
      try g.node(op, [g.value(floats)], g.chance(3) ? [] : [.float("alpha", g.number(0.1, 1.5))])
    }
    add("Gelu") { g, op in
      try g.node(op, [g.value(floats)], [.string("approximate", g.choice(["none", "tanh"]))])
    }
    add(
      RandomNodes.microsoft + "Gelu", RandomNodes.microsoft + "QuickGelu", RandomNodes.microsoft + "FastGelu",
      RandomNodes.microsoft + "BiasGelu"
    ) { g, op in
      let x = try g.value([.float32], least: 1)
      let hasBias = op.hasSuffix("BiasGelu") || op.hasSuffix("FastGelu") && g.chance(2)
      try g.node(op, hasBias ? [x, g.constant([x.shape[x.rank - 1]], like: x)] : [x])
    }
    add("HardSigmoid") { g, op in
      try g.node(op, [g.value(floats)], [.float("alpha", g.number(0.1, 0.5)), .float("beta", g.number(0, 1))])
    }
    add("Shrink") { g, op in
      try g.node(
        op, [g.value(floats + RandomGraph.signed)],
        [.float("bias", Float(g.int(0...2))), .float("lambd", Float(g.int(0...2)))])
    }
    add("Clip") { g, op in
      let x = try g.value(RandomGraph.numbers)
      let low = Double(g.int(x.type.lane == .unsigned ? 0...3 : -3...3))
      // What was an attribute is float32.
      let type = x.type.isFloat && g.chance(3) ? .float32 : x.type
      let bounds = [g.chance(5) ? nil : try g.scalar(low, type), try g.scalar(low + Double(g.int(0...4)), type)]
      try g.node(op, [x] + (g.chance(5) ? [bounds[0]] : bounds))
    }
    add("PRelu") { g, op in
      let x = try g.value(floats)
      let perChannel = Shape([x.rank > 1 ? x.shape[1] : 1] + [Int](repeating: 1, count: max(x.rank - 2, 0)))
      try g.node(op, [x, g.constant(x.rank > 1 && !g.chance(3) ? perChannel : g.reduced(x), like: x)])
    }
    add("Identity") { g, op in try g.node(op, [g.value(RandomGraph.any)]) }
    add("Cast", "CastLike") { g, op in
      let (x, to) = (try g.value(RandomGraph.any), g.choice(RandomGraph.any))
      if to.lane == .unsigned, x.tensor.doubles.contains(where: { $0 < 0 }) { throw RandomGraph.Unfit() }
      if op == "CastLike" {
        try g.node(op, [x, g.constant(try Tensor(zeros: [2], type: to))])
      } else {
        // ONNX's numbers of the types.
        let numbers: [ElementType: Int] = [
          .float32: 1, .uint8: 2, .int8: 3, .uint16: 4, .int16: 5, .int32: 6, .int64: 7, .bool: 9, .float16: 10,
          .float64: 11, .uint32: 12, .uint64: 13, .bfloat16: 16,
        ]
        try g.node(op, [x], [.int("to", numbers[to] ?? 1)])
      }
    }
    add("Not") { g, op in try g.node(op, [g.value([.bool])]) }
    add("Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "Mod") { g, op in
      let x = try g.value(RandomGraph.numbers)
      var y = try g.partner(x)
      var attributes: [Attribute] = []
      switch op {
      case "Div", "Mod":
        let numbers = y.tensor.doubles.map { abs($0) < 0.5 ? 1.5 : $0 }
        y = g.constant(try Tensor(y.shape, numbers).converted(to: y.type))
        if op == "Mod", x.type.isFloat || g.chance(2) { attributes = [.int("fmod", 1)] }
      case "Pow": y = try g.scalar(Double(g.int(0...3)), x.type)
      default: break
      }
      let isOrdered = ["Div", "Mod", "Pow"].contains(op)
      try g.node(op, isOrdered || g.chance(2) ? [x, y] : [y, x], attributes)
    }
    add("Sum", "Mean") { g, op in
      let x = try g.value(floats)
      var operands = [x]
      for _ in 0..<g.int(0...3) { operands.append(try g.partner(x)) }
      try g.node(op, operands)
    }
    add("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual") { g, op in
      let x = try g.value(RandomGraph.numbers)
      try g.node(op, [x, g.partner(x)])
    }
    add("And", "Or", "Xor") { g, op in
      let x = try g.value([.bool])
      try g.node(op, [x, g.partner(x)])
    }
    add("BitwiseAnd", "BitwiseOr", "BitwiseXor") { g, op in
      let x = try g.value(RandomGraph.signed + RandomGraph.unsigned)
      try g.node(op, [x, g.partner(x)])
    }
    add("BitwiseNot") { g, op in try g.node(op, [g.value(RandomGraph.signed)]) }
    add("BitShift") { g, op in
      let x = try g.value(RandomGraph.unsigned)
      let numbers = try g.tensor(g.reduced(x), x.type)
      try g.node(op, [x, g.constant(numbers)], [.string("direction", g.choice(["LEFT", "RIGHT"]))])
    }
    add("Where") { g, op in
      let x = try g.value(RandomGraph.any)
      try g.node(op, [g.constant(try g.tensor(g.reduced(x), .bool)), x, g.partner(x)])
    }
  }

  // MARK: Along axes

  private mutating func addAlongAxes() {
    let floats = RandomGraph.floats
    add("Softmax", "LogSoftmax", "Hardmax") { g, op in
      let x = try g.value(floats, least: 1)
      try g.node(op, [x], g.chance(3) ? [] : [.int("axis", g.axis(x))])
    }
    add(
      "ReduceMax", "ReduceMin", "ReduceMean", "ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
      "ReduceLogSumExp", "ReduceSumSquare"
    ) { g, op in
      var x = try g.value(op == "ReduceLogSumExp" ? floats : floats + [.int32, .int64], least: 1)
      if op == "ReduceLogSum" { x = try g.node("Add", [try g.node("Abs", [x])[0], try g.scalar(1, x.type)])[0] }
      let axes = g.chance(6) ? nil : try g.ints(g.axes(x))
      try g.node(op, [x, axes], [.int("keepdims", g.below(2))])
    }
    add("ArgMax", "ArgMin") { g, op in
      let x = try g.value([.float32, .int32, .uint8], least: 1)
      try g.node(
        op, [x], [.int("axis", g.axis(x)), .int("keepdims", g.below(2)), .int("select_last_index", g.below(2))])
    }
    add("TopK") { g, op in
      let x = try g.value([.float32, .int64], least: 1)
      let axis = try g.axis(x)
      let k = try g.ints([g.int(1...x.shape[axis < 0 ? axis + x.rank : axis])])
      try g.node(op, [x, k], [.int("axis", axis), .int("largest", g.below(2))], outputs: 2)
    }
    add("CumSum", "CumProd") { g, op in
      let x = try g.value([.float32, .int64], least: 1)
      let axis = try g.scalar(Double(g.axis(x)), .int64)
      try g.node(op, [x, axis], [.int("exclusive", g.below(2)), .int("reverse", g.below(2))])
    }
  }

  // MARK: Elements moved

  private mutating func addMovement() {
    let any = RandomGraph.any
    add("Reshape") { g, op in
      let x = try g.value(any)
      var extents = x.shape.extents
      if extents.count > 1, g.chance(2) {
        let at = g.below(extents.count - 1)
        extents.replaceSubrange(at...at + 1, with: [extents[at] * extents[at + 1]])
      } else {
        extents.insert(1, at: g.below(extents.count + 1))
      }
      if g.chance(2) { extents[g.below(extents.count)] = -1 }
      try g.node(op, [x, g.ints(extents)])
    }
    add("Transpose") { g, op in
      let x = try g.value(any, least: 1)
      var (perm, rest) = ([Int](), Array(0..<x.rank))
      while !rest.isEmpty { perm.append(rest.remove(at: g.below(rest.count))) }
      try g.node(op, [x], g.chance(5) ? [] : [.ints("perm", perm)])
    }
    add("Squeeze") { g, op in
      let x = try g.value(any) { $0.extents.contains(1) }
      try g.node(op, [x, g.chance(3) ? nil : g.ints([x.shape.extents.firstIndex(of: 1) ?? 0])])
    }
    add("Unsqueeze") { g, op in
      let x = try g.value(any)
      try g.node(op, [x, g.ints([g.below(x.rank + 1)])])
    }
    add("Flatten") { g, op in
      let x = try g.value(any, least: 1)
      try g.node(op, [x], [.int("axis", g.below(x.rank + 1))])
    }
    add("Concat") { g, op in
      let x = try g.value(any, least: 1)
      let axis = g.below(x.rank)
      var parts = [x]
      for _ in 0..<g.int(1...3) {
        var shape = x.shape
        shape[axis] = g.choice(RandomGraph.sides)
        parts.insert(try g.constant(shape, like: x), at: g.below(parts.count + 1))
      }
      try g.node(op, parts, [.int("axis", g.chance(3) ? axis - x.rank : axis)])
    }
    add("Split") { g, op in
      let x = try g.value(any, least: 1) { $0.extents.contains { $0 > 1 } }
      let axis = x.shape.extents.firstIndex { $0 > 1 } ?? 0
      let first = g.int(1...x.shape[axis] - 1)
      try g.node(op, [x, g.ints([first, x.shape[axis] - first])], [.int("axis", axis)], outputs: 2)
    }
    add("Slice") { g, op in
      let x = try g.value(any, least: 1)
      var lists: [[Int]] = [[], [], [], []]
      for axis in g.axes(x) {
        let step = g.choice([1, 1, 2, -1, -2])
        let start = g.below(x.shape[axis])
        let picked =
          step > 0 ? [start, x.shape[axis] - g.below(x.shape[axis] - start), axis, step] : [-1, -99, axis, step]
        for index in 0..<4 { lists[index].append(picked[index]) }
      }
      try g.node(op, [x] + lists.map { try g.ints($0) })
    }
    add("Gather") { g, op in
      let x = try g.value(any, least: 1)
      let axis = g.below(x.rank)
      let indices = (0..<3).map { _ in Int64(g.int(-x.shape[axis]...x.shape[axis] - 1)) }
      try g.node(op, [x, g.constant(try Tensor(g.choice([[3], [3, 1]]), indices))], [.int("axis", axis)])
    }
    add("GatherElements", "ScatterElements") { g, op in
      let x = try g.value(any, least: 1)
      let axis = g.below(x.rank)
      // Along the axis no index twice: which update is the last is not said.
      var order = Array(0..<x.shape[axis])
      for index in order.indices { order.swapAt(index, g.below(order.count)) }
      let step = x.shape.strides[axis]
      let indices = (0..<x.shape.count).map { Int64(order[$0 / step % x.shape[axis]]) }
      let inputs = [x, g.constant(try Tensor(x.shape, indices))]
      try g.node(
        op, op == "GatherElements" ? inputs : inputs + [g.constant(x.shape, like: x)], [.int("axis", axis)])
    }
    add("GatherND", "ScatterND") { g, op in
      let x = try g.value(any, least: 1)
      let depth = g.int(1...x.rank)
      var index: [Int64] = []
      for axis in 0..<depth { index.append(Int64(g.below(x.shape[axis]))) }
      let inputs = [x, g.constant(try Tensor([1, depth], index))]
      let update = Shape([1] + x.shape.extents.dropFirst(depth))
      try g.node(op, op == "GatherND" ? inputs : inputs + [g.constant(update, like: x)])
    }
    add("Pad") { g, op in
      let x = try g.value(RandomGraph.numbers, least: 1)
      let mode = g.choice(["constant", "constant", "reflect", "edge", "wrap"])
      var pads: [Int] = []
      for index in 0..<2 * x.rank {
        pads.append(min(g.choice([0, 0, 1, 2]), mode == "constant" ? 2 : x.shape[index % x.rank] - 1))
      }
      let type = x.type.isFloat && g.chance(3) ? .float32 : x.type  // of what was an attribute
      let value = mode == "constant" && g.chance(2) ? try g.scalar(Double(g.int(0...3)), type) : nil
      try g.node(op, [x, g.ints(pads), value], [.string("mode", mode)])
    }
    add("Expand") { g, op in
      let x = try g.value(any)
      var extents: [Int] = []
      for extent in x.shape.extents { extents.append(extent == 1 ? g.choice([1, 3]) : extent) }
      try g.node(op, [x, g.ints(g.chance(2) ? [2] + extents : extents)])
    }
    add("Tile") { g, op in
      let x = try g.value(any, least: 1)
      let repeats = (0..<x.rank).map { _ in g.choice([1, 1, 2, 3]) }
      try g.node(op, [x, g.ints(repeats)])
    }
    add("DepthToSpace") { g, op in
      let x = try g.map(RandomGraph.numbers, channels: g.choice([4, 12]))
      try g.node(op, [x], [.int("blocksize", 2), .string("mode", g.choice(["DCR", "CRD"]))])
    }
    add("SpaceToDepth") { g, op in
      let x = try g.input([1, g.choice([1, 3]), 2 * g.choice([1, 3, 5]), 2 * g.choice([1, 2, 7])])
      try g.node(op, [x], [.int("blocksize", 2)])
    }
    add("Trilu") { g, op in
      try g.node(op, [g.value(any, least: 2), g.scalar(Double(g.int(-3...3)), .int64)], [.int("upper", g.below(2))])
    }
    add("ReverseSequence") { g, op in
      let x = try g.value(any, least: 2)
      let lengths = (0..<x.shape[0]).map { _ in g.int(1...x.shape[1]) }
      try g.node(op, [x, g.ints(lengths)], [.int("batch_axis", 0), .int("time_axis", 1)])
    }
    add("CenterCropPad") { g, op in
      let x = try g.value(any, least: 1)
      let axes = g.axes(x)
      let sizes = axes.map { _ in g.choice([1, 3, 5, 7]) }
      try g.node(op, [x, g.ints(sizes)], [.ints("axes", axes)])
    }
  }

  // MARK: Made of shapes and conditions

  private mutating func addChoices() {
    let any = RandomGraph.any
    add("Compress") { g, op in
      let x = try g.value(any, least: 1)
      let axis = g.below(x.rank)
      try g.node(op, [x, g.constant(try g.tensor([x.shape[axis]], .bool))], [.int("axis", axis)])
    }
    add("NonZero") { g, op in try g.node(op, [g.value([.bool, .int32, .uint8], least: 1)]) }
    add("Unique") { g, op in
      try g.node(op, [g.value([.int64, .int8, .float32], least: 1)], [.int("sorted", g.below(2))], outputs: 4)
    }
    add("OneHot") { g, op in
      let indices = [Int64(g.int(-5...4)), 0, 2]
      let values = try Tensor([2], [Float(-1), 3])
      try g.node(
        op, [g.constant(try Tensor([3], indices)), g.scalar(5, .int64), g.constant(values)],
        [.int("axis", g.choice([0, 1, -1]))])
    }
    add("EyeLike") { g, op in
      try g.node(op, [g.value([.float32, .int64], rank: 2)], [.int("k", g.int(-2...2))])
    }
    add("ConstantOfShape") { g, op in
      let shape = try g.ints([g.choice(RandomGraph.sides), g.choice(RandomGraph.sides)])
      let value = try Tensor([1], [Double(g.int(0...5))]).converted(to: g.choice([.float32, .int64, .uint8]))
      try g.node(op, [shape], [Attribute("value", .tensor(value))])
    }
    add("Constant") { g, op in
      try g.node(op, [], [Attribute("value", .tensor(try g.tensor(g.shape(), g.choice(any))))])
    }
    add("Range") { g, op in
      let type = g.choice([ElementType.float32, .int64, .int32])
      try g.node(
        op, [g.scalar(Double(g.int(-3...3)), type), g.scalar(Double(g.int(5...20)), type), g.scalar(2, type)])
    }
    add("Shape", "Size") { g, op in try g.node(op, [g.value(any)]) }
    add("NonMaxSuppression") { g, op in
      let (count, classes) = (g.choice([5, 17]), g.choice([1, 3]))
      var boxes: [Float] = []
      for _ in 0..<count {
        let (y, x) = (g.number(0, 9), g.number(0, 9))
        boxes += [y, x, y + g.number(1, 8), x + g.number(1, 8)]
      }
      let scores = (0..<classes * count).map { _ in g.number(0, 1) }
      try g.node(
        op,
        [
          g.input(try Tensor([1, count, 4], boxes)), g.input(try Tensor([1, classes, count], scores)),
          g.scalar(Double(g.int(1...6)), .int64), g.scalar(0.4, .float32), g.scalar(0.3, .float32),
        ])
    }
  }

  // MARK: Feature maps

  /// Attributes of a window over x's spatial axes.
  private static func window(_ g: inout RandomGraph, _ x: RandomGraph.Value, most: Int = 5) -> (
    kernel: [Int], attributes: [Attribute]
  ) {
    let axes = x.rank - 2
    let kernel = (0..<axes).map { _ in g.choice([1, 2, 3, 3, 5].filter { $0 <= most }) }
    var attributes: [Attribute] = [.ints("kernel_shape", kernel)]
    if g.chance(2) { attributes.append(.ints("strides", (0..<axes).map { _ in g.int(1...3) })) }
    if g.chance(5) {
      attributes.append(.string("auto_pad", g.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])))
    } else {
      attributes.append(.ints("pads", (kernel + kernel).map { g.int(0...$0 / 2) }))
    }
    return (kernel, attributes)
  }

  @discardableResult
  static func convolution(
    _ g: inout RandomGraph, _ x: RandomGraph.Value, filters: Int? = nil, kernel: Int? = nil, stride: Int = 1
  ) throws -> RandomGraph.Value {
    let channels = x.shape[1]
    var (sides, attributes) = window(&g, x)
    if let kernel {
      sides = [Int](repeating: kernel, count: x.rank - 2)
      attributes = [
        .ints("kernel_shape", sides), .ints("strides", sides.map { _ in stride }),
        .ints("pads", (sides + sides).map { $0 / 2 }),
      ]
    } else if g.chance(6) {
      attributes.append(.ints("dilations", sides.map { _ in g.int(1...2) }))
    }
    var group = g.chance(4) ? channels : g.choice([1, 1, 2, 3].filter { channels % $0 == 0 })
    let filters = filters ?? group * g.choice([1, 1, 2, 5, 8])
    if filters % group != 0 { group = 1 }
    attributes.append(.int("group", group))
    let w = try g.weights(Shape([filters, channels / group] + sides), x.type)
    return try g.node("Conv", [x, w, g.chance(2) ? g.constant([filters], like: x) : nil], attributes)[0]
  }

  static func normalised(_ g: inout RandomGraph, _ x: RandomGraph.Value) throws -> RandomGraph.Value {
    let shape = Shape([x.shape[1]])
    let variance = (0..<shape.count).map { _ in Double(g.number(0.3, 1.3)) }
    return try g.node(
      "BatchNormalization",
      [
        x, g.constant(shape, like: x), g.constant(shape, like: x), g.constant(shape, like: x),
        g.constant(try Tensor(shape, variance).converted(to: x.type)),
      ], [.float("epsilon", 1e-3)])[0]
  }

  private mutating func addMaps() {
    let floats = RandomGraph.floats
    add("Conv") { g, _ in try RandomNodes.convolution(&g, g.map(floats, axes: g.choice([2, 2, 2, 1, 3]))) }
    add(RandomNodes.microsoft + "FusedConv") { g, op in
      let x = try g.map()
      let k = g.choice([1, 3])
      let residual = g.chance(2) ? try g.constant([x.shape[0], 5, x.shape[2], x.shape[3]], like: x) : nil
      let activation: [Attribute] =
        g.chance(3) && residual == nil
        ? [.string("activation", "LeakyRelu"), Attribute("activation_params", .floats([0.1]))]
        : [.string("activation", residual == nil ? g.choice(["Relu", "Sigmoid"]) : "Relu")]
      try g.node(
        op, [x, g.weights([5, x.shape[1], k, k]), g.constant([5], like: x), residual],
        [.ints("kernel_shape", [k, k]), .ints("pads", [Int](repeating: k / 2, count: 4))] + activation)
    }
    add("ConvTranspose") { g, op in
      let x = try g.map(floats, axes: g.choice([2, 2, 1, 3]), most: 7)
      let channels = x.shape[1]
      let group = g.choice([1, 1, channels])
      let kernel = (2..<x.rank).map { _ in g.choice([1, 2, 3, 4]) }
      var attributes: [Attribute] = [.ints("kernel_shape", kernel), .int("group", group)]
      if !g.chance(3) { attributes.append(.ints("strides", kernel.map { _ in g.int(1...3) })) }
      if !g.chance(3) { attributes.append(.ints("pads", (kernel + kernel).map { g.int(0...$0 / 2) })) }
      let filters = g.choice([1, 2, 3])
      try g.node(
        op,
        [
          x, g.weights(Shape([channels, filters] + kernel), x.type),
          g.chance(2) ? g.constant([filters * group], like: x) : nil,
        ], attributes)
    }
    add("DeformConv") { g, op in
      let x = try g.map(most: 7)
      let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
      try g.node(
        op, [x, g.weights([3, c, 3, 3]), g.constant([n, 18, h, w], like: x)],
        [.ints("kernel_shape", [3, 3]), .ints("pads", [1, 1, 1, 1])])
    }
    add("MaxPool", "AveragePool", "LpPool") { g, op in
      let x = try g.map(floats, axes: g.choice([2, 2, 2, 1, 3]))
      var attributes = RandomNodes.window(&g, x, most: 3).attributes
      if op == "AveragePool", g.chance(2) { attributes.append(.int("count_include_pad", 1)) }
      if g.chance(3) { attributes.append(.int("ceil_mode", 1)) }
      if op == "LpPool" { attributes.append(.int("p", g.int(1...3))) }
      try g.node(op, [x], attributes, outputs: op == "MaxPool" && g.chance(4) ? 2 : 1)
    }
    add("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool") { g, op in
      try g.node(op, [g.map(floats, axes: g.choice([2, 2, 1, 3]))])
    }
    add("MaxUnpool") { g, op in
      let x = try g.map { $0[2] > 1 && $0[3] > 1 }
      let window: [Attribute] = [.ints("kernel_shape", [2, 2]), .ints("strides", [2, 2])]
      try g.node(op, try g.node("MaxPool", [x], window, outputs: 2), window)
    }
    add("Resize") { g, op in
      let x = try g.map(floats, most: 17)
      let mode = g.choice(["nearest", "linear", "cubic"])
      var attributes: [Attribute] = [
        .string("mode", mode),
        .string(
          "coordinate_transformation_mode",
          g.choice(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"])),
      ]
      if mode == "nearest" {
        attributes.append(
          .string("nearest_mode", g.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])))
      } else if g.chance(3) {
        attributes.append(.int("antialias", 1))
      }
      if g.chance(2) {
        let scales = [1, 1, g.choice([0.5, 2, 1.5, 3]), g.choice([0.5, 2, 3])].map { Float($0) }
        try g.node(op, [x, nil, g.constant(try Tensor([4], scales))], attributes)
      } else {
        let sizes = [x.shape[0], x.shape[1], g.int(1...2 * x.shape[2] + 1), g.int(1...2 * x.shape[3] + 1)]
        try g.node(op, [x, nil, nil, g.ints(sizes)], attributes)
      }
    }
    add("GridSample") { g, op in
      let x = try g.map(most: 17)
      let shape = Shape([x.shape[0], g.choice([3, 5]), g.choice([1, 7]), 2])
      let grid = try Tensor(shape, (0..<shape.count).map { _ in g.number(-1.2, 1.2) })
      try g.node(
        op, [x, g.constant(grid)],
        [
          .string("mode", g.choice(["linear", "nearest", "cubic"])), .int("align_corners", g.below(2)),
          .string("padding_mode", g.choice(["zeros", "border", "reflection"])),
        ])
    }
    add("AffineGrid") { g, op in
      try g.node(op, [g.input([2, 2, 3]), g.ints([2, 3, 5, 7])], [.int("align_corners", g.below(2))])
    }
    add("RoiAlign") { g, op in
      let x = try g.map()
      var boxes: [Float] = []
      for _ in 0..<3 {
        let (left, top) = (g.number(0, Float(x.shape[3]) / 2), g.number(0, Float(x.shape[2]) / 2))
        boxes += [left, top, left + g.number(0.5, 4), top + g.number(0.5, 4)]
      }
      let batch = (0..<3).map { _ in Int64(g.below(x.shape[0])) }
      try g.node(
        op, [x, g.constant(try Tensor([3, 4], boxes)), g.constant(try Tensor([3], batch))],
        [.int("output_height", g.int(1...4)), .int("output_width", g.int(1...4)), .int("sampling_ratio", g.below(3))])
    }
    add("Col2Im") { g, op in
      try g.node(op, [g.input([2, 12, 9]), g.ints([6, 6]), g.ints([2, 2])], [.ints("strides", [2, 2])])
    }
  }

  // MARK: Normalisations

  private mutating func addNormalizations() {
    let floats = RandomGraph.floats
    add("BatchNormalization") { g, _ in _ = try RandomNodes.normalised(&g, g.map(floats, axes: g.choice([2, 2, 1, 3])))
    }
    add("InstanceNormalization") { g, op in
      let x = try g.map(floats)
      let shape = Shape([x.shape[1]])
      try g.node(op, [x, g.constant(shape, like: x), g.constant(shape, like: x)], [.float("epsilon", 1e-2)])
    }
    add("GroupNormalization") { g, op in
      let x = try g.map(channels: g.choice([6, 12]))
      let shape = Shape([x.shape[1]])
      try g.node(
        op, [x, g.constant(shape, like: x), g.constant(shape, like: x)],
        [.int("num_groups", g.choice([1, 2, 3, 6])), .float("epsilon", 1e-2)])
    }
    add("LayerNormalization", "RMSNormalization") { g, op in
      let x = try g.value(floats, least: 2)
      let axis = g.chance(2) ? -1 : g.int(1...x.rank - 1)
      let shape = Shape(Array(x.shape.extents.suffix(axis == -1 ? 1 : x.rank - axis)))
      let bias = op == "LayerNormalization" && g.chance(2) ? try g.constant(shape, like: x) : nil
      try g.node(op, [x, g.constant(shape, like: x), bias], [.int("axis", axis), .float("epsilon", 1e-2)])
    }
    add("LpNormalization") { g, op in
      let x = try g.value(floats, least: 1)
      try g.node(op, [x], [.int("axis", g.axis(x)), .int("p", g.int(1...2))])
    }
    add("MeanVarianceNormalization") { g, op in try g.node(op, [g.map(floats)], [.ints("axes", [0, 2, 3])]) }
    add("LRN") { g, op in
      try g.node(op, [g.map(floats)], [.int("size", g.choice([1, 3, 5])), .float("alpha", 0.01), .float("bias", 1.5)])
    }
    add(RandomNodes.microsoft + "SkipLayerNormalization") { g, op in
      let x = try g.tokens()
      let width = Shape([x.shape[2]])
      var inputs = [x, try g.constant(x.shape, like: x)]
      for _ in 0..<g.int(1...3) { inputs.append(try g.constant(width, like: x)) }
      try g.node(op, inputs, [.float("epsilon", 1e-2)])
    }
  }

  // MARK: Products

  private mutating func addProducts() {
    let floats = RandomGraph.floats
    add("MatMul") { g, op in
      let x = try g.value(floats + [.int32, .int64], least: 1)
      let inner = x.shape[x.rank - 1]
      let shape = g.choice([Shape([inner, 5]), Shape([inner, 1]), Shape([inner, 17]), Shape([inner])])
      let w = x.type.isFloat ? try g.weights(shape, x.type) : try g.constant(shape, like: x)
      try g.node(op, [x, g.chance(3) ? g.input(w.tensor) : w])
    }
    add("Gemm") { g, op in
      let x = try g.value(floats, rank: 2)
      let (transA, transB) = (g.below(2), g.below(2))
      let (inner, outer) = (x.shape[transA == 1 ? 0 : 1], g.choice([1, 5, 17]))
      let w = try g.weights(transB == 1 ? [outer, inner] : [inner, outer], x.type)
      let c = g.chance(3) ? nil : try g.constant(g.choice([[outer], [1], [1, outer]]), like: x)
      try g.node(
        op, [x, w, c],
        [.int("transA", transA), .int("transB", transB), .float("alpha", g.choice([1, 0.5])), .float("beta", 0.25)])
    }
    add(RandomNodes.microsoft + "FusedGemm") { g, op in
      let x = try g.value([.float32], rank: 2)
      try g.node(
        op, [x, g.weights([x.shape[1], 5]), g.constant([5], like: x)],
        [.string("activation", g.choice(["Relu", "Sigmoid", "Tanh"]))])
    }
    add(RandomNodes.microsoft + "FusedMatMul") { g, op in
      let x = try g.value([.float32], least: 2)
      let transA = g.below(2)
      try g.node(
        op, [x, g.weights([5, x.shape[x.rank - 1 - transA]])],
        [.float("alpha", 0.5), .int("transA", transA), .int("transB", 1)])
    }
    add("Einsum") { g, op in
      let sides: [Character: Int] = ["b": g.int(1...3), "i": g.int(1...5), "j": g.int(1...5), "k": g.int(1...5)]
      let equation = g.choice([
        "bij,bjk->bik", "ij,jk->ik", "bij->bji", "bij->b", "ij,ij->i", "bij,kj->bik", "i,j->ij", "bij,bkj->bik",
        "ij,jk",
      ])
      let terms = equation.prefix { $0 != "-" }.split(separator: ",")
      let inputs = try terms.map { try g.input(Shape($0.map { sides[$0] ?? 1 })) }
      try g.node(op, inputs, [.string("equation", equation)])
    }
    add("Attention") { g, op in
      let (length, heads, width) = (g.choice([3, 7]), g.choice([1, 2, 3]), g.choice([4, 8]))
      let shape = g.chance(2) ? Shape([1, heads, length, width]) : Shape([1, length, heads * width])
      let inputs = try (0..<3).map { _ in try g.input(shape) }
      let counts: [Attribute] = shape.rank == 4 ? [] : [.int("q_num_heads", heads), .int("kv_num_heads", heads)]
      try g.node(op, inputs, counts + [.int("is_causal", g.below(2))])
    }
    add("RotaryEmbedding") { g, op in
      let places = (0..<10).map { _ in Int64(g.below(7)) }
      let x = try g.input([2, 3, 5, 8])
      try g.node(
        op, [x, g.constant([7, 4], like: x), g.constant([7, 4], like: x), g.constant(try Tensor([2, 5], places))],
        [.int("interleaved", g.below(2))])
    }
  }

  // MARK: Quantised

  /// A scale and a zero point.
  private static func grid(
    _ g: inout RandomGraph, _ type: ElementType = .uint8, scale: Double? = nil
  ) throws -> [RandomGraph.Value] {
    let zero = type == .uint8 ? g.int(110...140) : type == .int8 ? g.int(-10...10) : 0
    return [try g.scalar(scale ?? g.choice([0.05, 0.1, 0.03]), .float32), try g.scalar(Double(zero), type)]
  }

  private static func bytes(_ g: inout RandomGraph, _ shape: Shape, _ type: ElementType = .uint8) throws -> Tensor {
    let range = type == .uint8 ? 0...255 : -100...100
    return try Tensor(shape, (0..<shape.count).map { _ in Double(g.int(range)) }).converted(to: type)
  }

  /// x through QuantizeLinear and DequantizeLinear.
  static func faked(_ g: inout RandomGraph, _ x: RandomGraph.Value) throws -> RandomGraph.Value {
    let largest = x.tensor.doubles.reduce(0.1) { max($0, abs($1)) }
    let grid = [try g.scalar(largest / 110, .float32), try g.scalar(128, .uint8)]
    return try g.node("DequantizeLinear", [try g.node("QuantizeLinear", [x] + grid)[0]] + grid)[0]
  }

  /// int8 weights, dequantised.
  static func quantizedWeights(_ g: inout RandomGraph, _ shape: Shape, axis: Int = 0) throws -> RandomGraph.Value {
    let perChannel = !g.chance(3)
    let count: Shape = perChannel ? [shape[axis]] : []
    let scales = try Tensor(count, (0..<count.count).map { _ in g.number(0.002, 0.012) })
    return try g.node(
      "DequantizeLinear",
      [
        g.constant(try bytes(&g, shape, .int8)), g.constant(scales), g.constant(try Tensor(zeros: count, type: .int8)),
      ], perChannel ? [.int("axis", axis)] : [])[0]
  }

  private mutating func addQuantized() {
    typealias R = RandomNodes
    add("QuantizeLinear") { g, op in
      try g.node(op, [g.value([.float32])] + R.grid(&g, g.choice([.uint8, .int8])))
    }
    add("DequantizeLinear") { g, op in
      let x = try g.value([.uint8, .int8], loose: true)
      try g.node(op, [x] + R.grid(&g, x.type))
    }
    add("DynamicQuantizeLinear") { g, op in try g.node(op, [g.value([.float32])], outputs: 3) }
    add("MatMulInteger") { g, op in
      let a = try g.value([.uint8, .int8], least: 2)
      let w = g.constant(try R.bytes(&g, [a.shape[a.rank - 1], 5], .int8))
      try g.node(op, [a, w, g.chance(2) ? g.scalar(3, a.type) : nil])
    }
    add("ConvInteger") { g, op in
      let x = g.input(try R.bytes(&g, [1, 3, g.choice([5, 7]), g.choice([5, 17])], .uint8))
      try g.node(
        op, [x, g.constant(try R.bytes(&g, [5, 3, 3, 3], .int8)), g.scalar(120, .uint8)],
        [.ints("kernel_shape", [3, 3]), .ints("pads", [1, 1, 1, 1])])
    }
    add("QLinearConv") { g, op in
      let group = g.choice([1, 1, 4])
      let scales = try Tensor([8], (0..<8).map { _ in g.number(0.001, 0.011) })
      let x = g.input(try R.bytes(&g, [g.choice([1, 2]), 4, g.choice([5, 7]), g.choice([5, 17])], .uint8))
      let w: [RandomGraph.Value] = [
        g.constant(try R.bytes(&g, [8, 4 / group, 3, 3], .int8)), g.constant(scales),
        g.constant(try Tensor(zeros: [8], type: .int8)),
      ]
      let bias = g.constant(try Tensor([8], (0..<8).map { _ in Int32(g.int(-500...500)) }))
      let parts = try [x] + R.grid(&g, .uint8) + w + R.grid(&g, .uint8, scale: 0.1)
      try g.node(
        op, parts + (g.chance(2) ? [bias] : []),
        [.ints("kernel_shape", [3, 3]), .ints("pads", [1, 1, 1, 1]), .int("group", group)])
    }
    add("QLinearMatMul") { g, op in
      let a = g.input(try R.bytes(&g, [g.choice([1, 5]), 7], .uint8))
      let b = g.constant(try R.bytes(&g, [7, 5], .uint8))
      try g.node(op, [a] + R.grid(&g, .uint8) + [b] + R.grid(&g, .uint8) + R.grid(&g, .uint8, scale: 0.2))
    }
    add(RandomNodes.microsoft + "QLinearAdd", RandomNodes.microsoft + "QLinearMul") { g, op in
      let type = g.choice([ElementType.uint8, .int8])
      let a = g.input(try R.bytes(&g, [2, 3, 5, 7], type))
      let b = g.input(try R.bytes(&g, g.choice([[2, 3, 5, 7], [3, 1, 1], [1]]), type))
      try g.node(op, [a] + R.grid(&g, type) + [b] + R.grid(&g, type) + R.grid(&g, type, scale: 0.2))
    }
    add(
      RandomNodes.microsoft + "QLinearSigmoid", RandomNodes.microsoft + "QLinearLeakyRelu",
      RandomNodes.microsoft + "QLinearSoftmax"
    ) { g, op in
      let x = g.input(try R.bytes(&g, [3, 17], .uint8))
      let to = [
        try g.scalar(op.hasSuffix("Relu") ? 0.1 : 1 / 256, .float32),
        try g.scalar(op.hasSuffix("Relu") ? 100 : 0, .uint8),
      ]
      let attributes: [Attribute] =
        op.hasSuffix("Relu")
        ? [.float("alpha", 0.1)]
        : op.hasSuffix("Softmax") ? [.int("axis", 1), .int("opset", 13)] : []
      try g.node(op, [x] + R.grid(&g, .uint8) + to, attributes)
    }
    add(RandomNodes.microsoft + "QLinearAveragePool", RandomNodes.microsoft + "QLinearGlobalAveragePool") { g, op in
      let x = g.input(try R.bytes(&g, [1, 3, 7, 5], .uint8))
      try g.node(
        op, [x] + R.grid(&g, .uint8) + R.grid(&g, .uint8),
        op.contains("Global") ? [] : [.ints("kernel_shape", [3, 3]), .ints("pads", [1, 1, 1, 1])])
    }
    add(RandomNodes.microsoft + "QLinearConcat") { g, op in
      let parts = try [3, 5].map { try g.input(R.bytes(&g, [1, $0, 3, 5], .uint8)) }
      try g.node(
        op, R.grid(&g, .uint8) + [parts[0]] + R.grid(&g, .uint8) + [parts[1]] + R.grid(&g, .uint8),
        [.int("axis", 1)])
    }
    add(RandomNodes.microsoft + "QGemm") { g, op in
      let a = g.input(try R.bytes(&g, [3, 7], .uint8))
      let b = [g.constant(try R.bytes(&g, [7, 5], .int8)), try g.scalar(0.01, .float32), try g.scalar(0, .int8)]
      let c = g.chance(2) ? g.constant(try Tensor([5], (0..<5).map { _ in Int32(g.int(-500...500)) })) : nil
      try g.node(op, [a] + R.grid(&g, .uint8) + b + [c] + (g.chance(2) ? R.grid(&g, .uint8) : []))
    }
    add(RandomNodes.microsoft + "DynamicQuantizeMatMul") { g, op in
      let x = try g.input([g.choice([1, 3]), 7])
      let b = g.constant(try R.bytes(&g, [7, 5], .int8))
      try g.node(op, [x, b, g.scalar(0.01, .float32), g.scalar(0, .int8)])
    }
  }
}
