import Inference
import ModelGraph
import Passes
import TestSupport
import Testing

/// A graph that is drawn node by node, and evaluated by the definitions while it grows.
///
/// How far a right run may be from a value follows from the graph: each node is evaluated again with inputs that are off by
/// as much as they may be, and some rounding of its own is added. A node whose result that would make arbitrary (a Floor of
/// a sum) does not suit, nor does one with very large numbers.
struct RandomGraph {
  struct Value {
    let id: Graph.ValueID
    let tensor: Tensor
    /// How far a run may be from `tensor`, element by element.
    let error: Double
    let isFresh: Bool

    var type: ElementType { tensor.type }
    var shape: Shape { tensor.shape }
    var rank: Int { shape.rank }
    /// Integers that may be one off.
    var isLoose: Bool { error > 0 && !type.isFloat }
  }

  /// The node does not suit: another one is drawn.
  struct Unfit: Error {}

  static let sides = [1, 2, 3, 5, 7, 17]
  static let halves: [ElementType] = [.float16, .bfloat16]
  static let floats: [ElementType] = [.float32, .float64] + halves
  static let signed: [ElementType] = [.int8, .int16, .int32, .int64]
  static let unsigned: [ElementType] = [.uint8, .uint16, .uint32, .uint64]
  static let numbers = floats + signed + unsigned
  static let any = numbers + [.bool]

  /// Operators that do not round: for exact inputs their results are exact.
  private static let exact: Set = [
    "Neg", "Abs", "Sign", "Relu", "Ceil", "Floor", "Round", "Clip", "Identity", "Dropout", "IsNaN", "IsInf", "Cast",
    "CastLike", "Not", "Min", "Max", "Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor",
    "Where", "Hardmax", "ReduceMax", "ReduceMin", "ArgMax", "ArgMin", "TopK", "Reshape", "Transpose", "Squeeze",
    "Unsqueeze", "Flatten", "Concat", "Split", "Slice", "Gather", "GatherElements", "GatherND", "Pad", "Expand", "Tile",
    "DepthToSpace", "SpaceToDepth", "Trilu", "Compress", "NonZero", "OneHot", "EyeLike", "ConstantOfShape", "Range",
    "Shape", "Size", "Constant", "MaxPool", "GlobalMaxPool", "NonMaxSuppression", "Mod", "Shrink", "ThresholdedRelu",
    "QuantizeLinear", "DynamicQuantizeLinear", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "BitShift",
    "CenterCropPad", "ReverseSequence", "Unique", "MaxUnpool",
  ]
  /// Operators that round, but whose inputs may lie at a step: coordinates, and what is quantised.
  private static let stepped: Set = [
    "GridSample", "RoiAlign", "Resize", "DynamicQuantizeMatMul", "DeformConv", "AffineGrid",
  ]

  private(set) var sketch: Sketch
  private(set) var values: [Value] = []
  private(set) var feeds: [Tensor] = []
  /// Names of the operators, `com.microsoft.` in front of some.
  private(set) var drawn: Set<String> = []
  private var read: Set<Graph.ValueID> = []

  init(seed: Int) { sketch = Sketch(seed: seed) }

  // MARK: Drawing

  mutating func int(_ range: ClosedRange<Int>) -> Int { sketch.noise.int(range) }
  mutating func below(_ limit: Int) -> Int { sketch.noise.int(0...max(limit - 1, 0)) }
  mutating func chance(_ oneIn: Int) -> Bool { sketch.noise.chance(oneIn) }
  mutating func choice<Element>(_ items: [Element]) -> Element { items[below(items.count)] }
  mutating func number(_ low: Float, _ high: Float) -> Float { low + (sketch.noise.float() + 1) / 2 * (high - low) }

  /// An awkward shape of at most some thousand elements.
  mutating func shape(least: Int = 0, rank: Int? = nil) -> Shape {
    var extents: [Int] = []
    for _ in 0..<(rank ?? int(least...4)) { extents.append(choice(RandomGraph.sides)) }
    while extents.reduce(1, *) > 2000, let largest = extents.indices.max(by: { extents[$0] < extents[$1] }) {
      extents[largest] = max(1, extents[largest] / 3)
    }
    return Shape(extents)
  }

  /// Random elements; whole numbers, some of them alike, among the floats too.
  mutating func tensor(_ shape: Shape, _ type: ElementType, scale: Double = 1) throws -> Tensor {
    let isWhole = !type.isFloat || chance(4)
    var numbers: [Double] = []
    for _ in 0..<shape.count {
      if type == .bool {
        numbers.append(Double(below(2)))
      } else if isWhole {
        numbers.append(Double(type.lane == .unsigned ? int(0...9) : int(-9...9)) / (type.isFloat ? 2 : 1))
      } else {
        numbers.append((sketch.noise.double() + sketch.noise.double() + sketch.noise.double()) * scale)
      }
    }
    return try Tensor(shape, numbers).converted(to: type)
  }

  /// Weights that keep the size of what they are multiplied by.
  mutating func weights(_ shape: Shape, _ type: ElementType = .float32) throws -> Value {
    let fan = Double(max(1, shape.rank > 2 ? Shape(Array(shape.extents.dropFirst())).count : shape[0]))
    var numbers: [Double] = []
    for _ in 0..<shape.count { numbers.append(sketch.noise.double() * (3 / fan).squareRoot()) }
    return constant(try Tensor(shape, numbers).converted(to: type))
  }

  // MARK: Values

  mutating func constant(_ tensor: Tensor) -> Value {
    Value(id: sketch.constant(tensor), tensor: tensor, error: 0, isFresh: true)
  }

  mutating func constant(_ shape: Shape, like x: Value) throws -> Value { constant(try tensor(shape, x.type)) }
  mutating func ints(_ values: [Int]) throws -> Value {
    constant(try Tensor([values.count], values.map { Int64($0) }))
  }
  mutating func scalar(_ value: Double, _ type: ElementType) throws -> Value {
    constant(try Tensor(scalar: value).converted(to: type))
  }

  mutating func input(_ tensor: Tensor) -> Value {
    feeds.append(tensor)
    let value = Value(id: sketch.input(tensor.shape, tensor.type), tensor: tensor, error: 0, isFresh: true)
    values.append(value)
    return value
  }

  mutating func input(_ shape: Shape, _ type: ElementType = .float32) throws -> Value {
    input(try tensor(shape, type))
  }

  /// A value that suits: mostly a late one of the graph, otherwise a new one, which is nearly always an input.
  mutating func value(
    _ types: [ElementType], least: Int = 0, rank: Int? = nil, loose: Bool = false, new: Shape? = nil,
    where suits: (Shape) -> Bool = { _ in true }
  ) throws -> Value {
    let fit = values.filter {
      types.contains($0.type) && (rank ?? $0.rank) == $0.rank && $0.rank >= least && (loose || !$0.isLoose)
        && $0.shape.count > 0 && suits($0.shape)
    }
    if !fit.isEmpty, !chance(6) { return fit[fit.count - 1 - min(below(fit.count), below(fit.count))] }
    let type = types.contains(.float32) && !chance(3) ? .float32 : choice(types)
    for _ in 0..<20 {
      let shape = new ?? shape(least: least, rank: rank)
      if !suits(shape) { continue }
      if chance(5) { return constant(try tensor(shape, type)) }
      return try input(shape, type)
    }
    throw Unfit()
  }

  /// `[batch, channels, spatial axes…]`
  mutating func map(
    _ types: [ElementType] = [.float32], axes: Int = 2, channels: Int? = nil, most: Int = 23,
    where suits: (Shape) -> Bool = { _ in true }
  ) throws -> Value {
    var extents = [choice([1, 1, 2]), channels ?? choice([1, 2, 3, 5, 6, 7, 16, 17, 24])]
    for _ in 0..<axes { extents.append(min(choice(RandomGraph.sides + [23]), axes == 3 ? 5 : most)) }
    return try value(types, rank: axes + 2, new: Shape(extents)) {
      suits($0) && (channels ?? $0[1]) == $0[1] && $0.extents.dropFirst(2).allSatisfy { $0 <= most }
    }
  }

  /// `[batch, tokens, width]`
  mutating func tokens() throws -> Value {
    try value([.float32], rank: 3, new: Shape([choice([1, 2]), choice([5, 7, 17]), choice([8, 12])])) { $0[2] >= 4 }
  }

  /// A shape that broadcasts to x's.
  mutating func reduced(_ x: Value) -> Shape {
    var extents: [Int] = []
    for extent in x.shape.extents { extents.append(chance(3) ? 1 : extent) }
    return Shape(chance(4) ? Array(extents.dropFirst(below(extents.count + 1))) : extents)
  }

  /// A second operand of x's type.
  mutating func partner(_ x: Value) throws -> Value {
    let fit = values.filter {
      $0.type == x.type && !$0.isLoose && $0.shape.count > 0 && Shape.broadcast($0.shape, x.shape) == x.shape
    }
    if !fit.isEmpty, !chance(3) { return choice(fit) }
    return try constant(reduced(x), like: x)
  }

  /// An axis, counted from either end.
  mutating func axis(_ x: Value, least: Int = 0) throws -> Int {
    guard x.rank > least else { throw Unfit() }
    let axis = int(least...x.rank - 1)
    return chance(3) ? axis - x.rank : axis
  }

  mutating func axes(_ x: Value) -> [Int] {
    var axes: [Int] = []
    for axis in 0..<x.rank where chance(2) { axes.append(axis) }
    return axes.isEmpty ? [below(x.rank)] : axes
  }

  // MARK: Nodes

  /// Adds a node.
  @discardableResult
  mutating func node(
    _ name: String, _ inputs: [Value?], _ attributes: [Attribute] = [], outputs: Int = 1
  ) throws -> [Value] {
    let isMicrosoft = name.hasPrefix("com.microsoft.")
    let plain = isMicrosoft ? String(name.dropFirst(14)) : name
    var inputs = inputs
    while let last = inputs.last, last == nil { inputs.removeLast() }
    let dequantizes = ["DequantizeLinear", "MaxPool", "Clip", "Relu", "Reshape", "Transpose"].contains(plain)
    guard dequantizes || !inputs.contains(where: { $0?.isLoose ?? false }) else { throw Unfit() }
    let operation = try Operator(
      named: plain, domain: isMicrosoft ? .microsoft : .onnx, inputCount: inputs.count, attributes)
    let tensors = inputs.map { $0?.tensor }
    let results = try operation.evaluate(tensors)
    guard results.count >= outputs else { throw Unfit() }
    let errors = try self.errors(plain, operation, inputs, Array(results.prefix(outputs)))
    for (result, error) in zip(results, errors) {
      let numbers = result.doubles
      let largest = numbers.reduce(0) { max($0, abs($1)) }
      guard result.count <= 8000, numbers.allSatisfy({ $0.isFinite }), largest <= (result.type == .float16 ? 300 : 1e5),
        result.isFloat ? error <= 0.02 * largest + 1e-30 : error <= (result.type.byteCount == 1 ? 1 : 0)
      else { throw Unfit() }
    }
    let label = sketch.graph.freshName(plain)
    let ids = (0..<outputs).map { sketch.graph.addValue($0 == 0 ? label : "\(label)_\($0)") }
    sketch.graph.nodes.append(
      Graph.Node(label, operation, inputs: inputs.map { $0?.id }, outputs: ids))
    read.formUnion(inputs.compactMap { $0?.id })
    drawn.insert(name)
    let made = zip(zip(ids, results), errors).map { Value(id: $0.0, tensor: $0.1, error: $1, isFresh: false) }
    values += made
    return made
  }

  /// How far each result may be off: evaluated with inputs that are, plus rounding.
  private mutating func errors(
    _ name: String, _ operation: Operator, _ inputs: [Value?], _ results: [Tensor]
  ) throws -> [Double] {
    var errors = [Double](repeating: 0, count: results.count)
    let rounds = !RandomGraph.exact.contains(name)
    let shakes = rounds && !RandomGraph.stepped.contains(name)
    if inputs.contains(where: { ($0?.error ?? 0) > 0 || shakes && ($0?.tensor.isFloat ?? false) }) {
      for _ in 0..<2 {
        var shaken: [Tensor?] = []
        for input in inputs { shaken.append(try input.map { try self.shaken($0, rounds: shakes) }) }
        for (index, (result, other)) in zip(results, try operation.evaluate(shaken)).enumerated() {
          guard result.shape == other.shape else { throw Unfit() }
          for (a, b) in zip(result.doubles, other.doubles) where a != b {
            guard (a - b).isFinite else { throw Unfit() }
            errors[index] = max(errors[index], abs(a - b))
          }
        }
      }
    }
    func size(_ tensor: Tensor) -> Double { tensor.doubles.reduce(0) { max($0, abs($1)) } }
    let largestInput = inputs.reduce(0) { max($0, $1.map { $0.tensor.isFloat ? size($0.tensor) : 0 } ?? 0) }
    for (index, result) in results.enumerated() {
      if result.isFloat, rounds {
        let unit = result.type.unit
        errors[index] += (result.type.byteCount == 2 ? 4 : 64) * unit * size(result) + unit * largestInput
      } else if name.hasPrefix("QLinear") || name == "QGemm" || name == "QuantizeLinear" && errors[index] > 0 {
        errors[index] = max(1, errors[index])
      } else if name == "DynamicQuantizeLinear" {
        errors[index] = max(result.isFloat ? size(result) * 1e-6 : 1, errors[index])
      }
    }
    return errors
  }

  /// The value off by its error, and by some units in the last place if it is rounded.
  private mutating func shaken(_ value: Value, rounds: Bool) throws -> Tensor {
    guard value.error > 0 || rounds && value.tensor.isFloat else { return value.tensor }
    var numbers = value.tensor.doubles
    for index in numbers.indices {
      let step = value.error + (rounds && value.tensor.isFloat ? 4 * value.type.unit * abs(numbers[index]) : 0)
      numbers[index] += chance(2) ? step : -step
    }
    return try Tensor(value.shape, numbers).converted(to: value.type)
  }

  // MARK: Judging

  /// Runs the graph by kernels, unchanged and after the passes, for one and for three threads, twice each (a second run
  /// finds the first one's leftovers), and expects what the definitions say.
  mutating func check(_ seed: Int) throws {
    let made = values.filter { !$0.isFresh }
    var wanted: [Value] = []
    for value in made where !read.contains(value.id) || chance(6) { wanted.append(value) }
    sketch.graph.outputs = wanted.map { $0.id }
    // As files declare them: of some, only a run finds the shape.
    for value in wanted {
      let dimensions = (0..<value.rank).map { Dimension.symbol("axis \($0)") }
      sketch.graph.values[value.id].declaration = Declaration(value.type, dimensions)
    }
    var optimised = sketch.graph
    try PassPipeline.optimize(&optimised)
    for (graph, what) in [(sketch.graph, "unchanged"), (optimised, "optimised")] {
      for threads in [1, 3] {
        let engine = try Engine(graph, options: EngineOptions(threads: threads, exact: true))
        for _ in 0..<2 {
          for (value, found) in zip(wanted, try engine.run(feeds)) {
            let problem = difference(value, found)
            #expect(problem == nil, "seed \(seed), \(what): \(place(of: value)): \(problem ?? "")")
            if problem != nil { return }
          }
        }
      }
    }
  }

  /// What is wrong with a value that the engine found.
  private func difference(_ value: Value, _ found: Tensor) -> String? {
    guard found.type == value.type, found.shape == value.shape else {
      return "\(found.type.name) \(found.shape) in place of \(value.type.name) \(value.shape)"
    }
    let allowed = 4 * value.error + (value.tensor.isFloat ? (value.type == .float16 ? 1e-6 : 1e-30) : 0)
    for (index, (wanted, number)) in zip(value.tensor.doubles, found.doubles).enumerated() {
      if !(abs(wanted - number) <= allowed) {
        return "element \(index) is \(number) in place of \(wanted), \(allowed) off is allowed"
      }
    }
    return nil
  }

  private func place(of value: Value) -> String {
    guard let node = sketch.graph.nodes.first(where: { $0.outputs.contains(value.id) }) else { return "" }
    let shapes = node.inputs.map { id in
      (values.first { $0.id == id }?.tensor ?? id.flatMap { sketch.graph.values[$0].constant }).map {
        "\($0.type.name) \($0.shape)"
      } ?? "-"
    }
    return
      "\(node.name)(\(shapes.joined(separator: ", "))) \(node.operation.attributes.map { "\($0.name) \($0.value)" })"
  }
}

extension Tensor {
  fileprivate var isFloat: Bool { type.isFloat }
}

extension ElementType {
  /// The distance of 1 to the next number.
  fileprivate var unit: Double {
    switch self {
    case .float16: 0x1p-10
    case .bfloat16: 0x1p-7
    case .float32: 0x1p-23
    default: 0x1p-52
    }
  }
}
