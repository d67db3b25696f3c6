import ModelGraph

/// Builds a graph in a few lines, with pseudo-random constants that are the same every time.
public struct Sketch {
  public var graph = Graph(name: "sketch")
  public var noise: Noise
  /// The number of named weights; each has its own seed.
  private var named: UInt64 = 0

  public init(seed: Int = 0) { noise = Noise(seed) }

  // MARK: Values

  public mutating func input(_ shape: Shape, _ type: ElementType = .float32) -> Graph.ValueID {
    graph.addInput(graph.freshName("input"), Declaration(type, shape))
  }

  public mutating func input(_ dimensions: [Dimension]) -> Graph.ValueID {
    graph.addInput(graph.freshName("input"), Declaration(.float32, dimensions))
  }

  public mutating func constant(_ tensor: Tensor) -> Graph.ValueID { graph.addFreshConstant("constant", tensor) }

  /// Pseudo-random numbers within ±`scale`.
  public mutating func constant(_ shape: Shape, scale: Float = 1) throws -> Graph.ValueID {
    constant(try noise.tensor(shape, scale: scale))
  }

  public mutating func ints(_ values: [Int64]) throws -> Graph.ValueID { constant(try Tensor([values.count], values)) }

  /// Pseudo-random numbers within offset ± scale.
  public mutating func weights(
    _ name: String, _ shape: Shape, scale: Float = 0.5, offset: Float = 0
  ) throws -> Graph.ValueID {
    named += 1
    let numbers = try Tensor.noise(shape, seed: named).array(of: Float.self).map { $0 * scale + offset }
    return graph.addConstant(name, try Tensor(shape, numbers))
  }

  public mutating func output(_ id: Graph.ValueID) { graph.outputs.append(id) }

  // MARK: Nodes by their ONNX names

  public mutating func node(
    _ name: String, _ inputs: [Graph.ValueID?], _ attributes: [Attribute] = [], domain: OperatorDomain = .onnx
  ) throws -> Graph.ValueID {
    let operation = try Operator(named: name, domain: domain, inputCount: inputs.count, attributes)
    return graph.add(operation, graph.freshName(name), inputs)
  }

  /// 3 × 3, with padding.
  public mutating func conv(_ x: Graph.ValueID, from: Int, to: Int, bias: Bool = false) throws -> Graph.ValueID {
    let inputs = [x, try constant([to, from, 3, 3])] + (bias ? [try constant([to])] : [])
    return try node("Conv", inputs, [.ints("pads", [1, 1, 1, 1])])
  }

  public mutating func norm(_ x: Graph.ValueID, _ channels: Int) throws -> Graph.ValueID {
    let variance = try Tensor([channels], noise.floats(channels).map { $0 * $0 + 0.1 })
    return try node(
      "BatchNormalization",
      [x, try constant([channels]), try constant([channels]), try constant([channels]), constant(variance)],
      [.float("epsilon", 1e-3)])
  }

  // MARK: Nodes with names of their own

  public mutating func op(_ name: String, _ operation: Operator, _ inputs: [Graph.ValueID?]) -> Graph.ValueID {
    graph.add(operation, name, inputs)
  }

  /// - Parameter shape: of the weights.
  public mutating func conv(
    _ name: String, _ x: Graph.ValueID, _ shape: Shape, stride: Int = 1, pad: Int = 0, dilation: Int = 1,
    group: Int = 1, bias: Bool = false
  ) throws -> Graph.ValueID {
    var inputs: [Graph.ValueID?] = [x, try weights("\(name).weight", shape)]
    if bias { inputs.append(try weights("\(name).bias", [shape[0]])) }
    let axes = shape.rank - 2
    func each(_ value: Int, _ count: Int) -> [Int] { [Int](repeating: value, count: count) }
    let window = Window(strides: each(stride, axes), pads: each(pad, 2 * axes), dilations: each(dilation, axes))
    return op(name, .conv(Conv(window, group: group)), inputs)
  }

  public mutating func norm(_ name: String, _ x: Graph.ValueID, _ channels: Int) throws -> Graph.ValueID {
    let inputs: [Graph.ValueID?] = [
      x, try weights("\(name).weight", [channels], scale: 0.3, offset: 1), try weights("\(name).bias", [channels]),
      try weights("\(name).mean", [channels]), try weights("\(name).var", [channels], scale: 0.3, offset: 1),
    ]
    return op(name, .batchNormalization(BatchNormalization()), inputs)
  }

  public mutating func linear(_ name: String, _ x: Graph.ValueID, from: Int, to: Int) throws -> Graph.ValueID {
    let inputs: [Graph.ValueID?] = [x, try weights("\(name).weight", [to, from]), try weights("\(name).bias", [to])]
    return op(name, .gemm(Gemm(transB: true)), inputs)
  }

  /// Adds GlobalAveragePool → Flatten → Gemm and the graph's output.
  public mutating func head(_ x: Graph.ValueID, channels: Int, classes: Int) throws {
    let pooled = op("pool", .globalAveragePool(GlobalAveragePool()), [x])
    graph.outputs = [try linear("fc", op("flat", .flatten(Flatten()), [pooled]), from: channels, to: classes)]
  }
}

/// The largest difference between two tensors, relative to the largest magnitude in the second (or 1); infinite if
/// shapes differ or a NaN occurs.
public func distance(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape else { return .infinity }
  let scale = b.doubles.reduce(1) { max($0, abs($1)) }
  return zip(a.doubles, b.doubles).reduce(0) { max($0, ($1.0 - $1.1).isNaN ? .infinity : abs($1.0 - $1.1)) } / scale
}
