import ModelGraph
import Text

/// DequantizeLinear → operator → (Relu or Clip) → QuantizeLinear becomes the operator on integers (QLinearConv,
/// QLinearAdd, QGemm, …), so that values between two layers are never float.
///
/// Only if that QuantizeLinear is the only reader of the operator's result, and all scales are known, one per
/// activation. A Relu or Clip that the output's quantised range implies is dropped; any other stays, as a Clip on
/// integers. A float bias becomes int32 in units of x's scale · w's scale, as the operators require. The integers equal
/// those of the original, except for values within float rounding of a half (at most one step, tested).
public func lowerQuantization(_ graph: inout Graph) -> Int { PassContext.alone(&graph, lowerQuantization) }

func lowerQuantization(_ graph: inout Graph, _ context: inout PassContext) -> Int {
  guard QuantizeLinear.isIncluded, graph.hasNode(where: { if case .quantizeLinear = $0 { true } else { false } }) else {
    return 0
  }
  var lowering = QuantizationLowering(graph, context)
  lowering.run()
  context = lowering.context
  graph = lowering.graph
  return lowering.changes
}

private struct QuantizationLowering {
  var graph: Graph
  private(set) var context: PassContext
  private(set) var changes = 0
  private let uses: Uses
  private let facts: KnownFacts
  private var nodes: [Graph.Node] = []

  init(_ graph: Graph, _ context: PassContext) {
    self.graph = graph
    self.context = context
    uses = Uses(graph)
    facts = self.context.facts(graph)
  }

  mutating func run() {
    for index in graph.nodes.indices {
      if lowerQuantize(index) || lowerFloatProduct(index) {
        changes += 1
      } else {
        nodes.append(graph.nodes[index])
      }
    }
    // Float nodes without readers are removed by drop-dead-nodes.
    graph.nodes = nodes
  }

  /// An 8-bit activation that a DequantizeLinear reads.
  private func source(_ id: Graph.ValueID?) -> (value: Graph.ValueID, grid: QuantizationGrid)? {
    guard let index = uses.producer(id), case .dequantizeLinear(let dequantize) = graph.nodes[index].operation,
      dequantize.isPlain, let value = graph.nodes[index][DequantizeLinear.Input.x],
      graph.values[value].constant == nil, let type = facts.type(value),
      let grid = QuantizationGrid(graph, index, type: type)
    else { return nil }
    return (value, grid)
  }

  private mutating func zero(_ grid: QuantizationGrid) -> Graph.ValueID? {
    if let id = grid.zeroID { return id }
    let tensor = grid.type == .uint8 ? try? Tensor(scalar: UInt8(0)) : try? Tensor(scalar: Int8(0))
    return tensor.map { graph.addFreshConstant("zero_point", $0) }
  }

  // MARK: QuantizeLinear and the operator before it

  private mutating func lowerQuantize(_ index: Int) -> Bool {
    guard case .quantizeLinear(let quantize) = graph.nodes[index].operation, quantize.isPlain,
      let output = graph.soleOutput(index), let type = facts.type(output),
      let grid = QuantizationGrid(graph, index, type: type), let end = graph.nodes[index][QuantizeLinear.Input.x],
      uses.isReadOnce(end), var maker = uses.producer(end)
    else { return false }
    var (low, high) = (-Float.infinity, Float.infinity)
    if let bounds = graph.bounds(maker), let before = graph.nodes[maker].firstInput {
      if let x = source(before) {
        // Only a Relu or Clip lies between the two quantised values.
        guard x.grid.equals(grid) else { return false }
        (low, high) = bounds
        return clip(graph.nodes[maker].name, x.value, grid, low, high, output)
      }
      guard uses.isReadOnce(before), let earlier = uses.producer(before) else { return false }
      (low, high) = bounds
      maker = earlier
    }
    let clips = grid.integer(low) > grid.range.lowerBound || grid.integer(high) < grid.range.upperBound
    let result = clips ? graph.addValue(graph.freshName("\(graph.values[output].name)_sum")) : output
    guard let node = integerNode(graph.nodes[maker], grid, result) else { return false }
    nodes.append(node)
    return clips ? clip(graph.nodes[maker].name, result, grid, low, high, output) : true
  }

  private mutating func clip(
    _ name: String, _ x: Graph.ValueID, _ grid: QuantizationGrid, _ low: Float, _ high: Float, _ output: Graph.ValueID
  ) -> Bool {
    var inputs: [Graph.ValueID?] = [x]
    for bound in [grid.integer(low), grid.integer(high)] {
      let tensor =
        grid.type == .uint8
        ? try? Tensor(scalar: UInt8(clamping: bound)) : try? Tensor(scalar: Int8(clamping: bound))
      guard let tensor else { return false }
      inputs.append(graph.addFreshConstant("bound", tensor))
    }
    nodes.append(Graph.Node("\(name)_clip", .clip(Clip()), inputs: inputs, outputs: [output]))
    return true
  }

  /// The integer form of `node` with its output quantised to `grid`; nil if there is no such operator or its inputs are
  /// float.
  private mutating func integerNode(
    _ node: Graph.Node, _ grid: QuantizationGrid, _ output: Graph.ValueID
  ) -> Graph.Node? {
    let x = source(node.firstInput)
    switch node.operation {
    case .conv(let conv):
      guard let x, let w = QuantizedWeights(graph, node[Conv.Input.w], uses), w.axis ?? 0 == 0 else { return nil }
      return product(
        node, x, w, bias: node[Conv.Input.b], grid, output, .qLinearConv(QLinearConv(conv.window, group: conv.group)))
    case .convTranspose(let convolution) where ConvTranspose.isIncluded && DepthToSpace.isIncluded:
      guard let x else { return nil }
      return patches(node, convolution, x, grid, output)
    case .gemm(let gemm):
      guard let x, x.grid.type == grid.type else { return nil }
      return self.gemm(node, gemm, x, grid, output)
    case .matMul:
      guard let x, let w = QuantizedWeights(graph, node[MatMul.Input.b], uses), w.shape.rank == 2, w.axis ?? 1 == 1
      else { return nil }
      return product(node, x, w, bias: nil, grid, output, .qLinearMatMul(QLinearMatMul()))
    case .add:
      guard let x, let other = source(node[Add.Input.b]), x.grid.type == grid.type, other.grid.type == grid.type,
        let xZero = zero(x.grid), let otherZero = zero(other.grid), let yZero = zero(grid)
      else { return nil }
      let inputs: [Graph.ValueID?] = [
        x.value, x.grid.scaleID, xZero, other.value, other.grid.scaleID, otherZero, grid.scaleID, yZero,
      ]
      return Graph.Node(node.name, .qLinearAdd(QLinearAdd()), inputs: inputs, outputs: [output])
    case .mul:
      guard let x, let other = source(node[Add.Input.b]), x.grid.type == grid.type, other.grid.type == grid.type,
        facts.always(x.value, other.value, { $0 == $1 || $0.isGate(of: $1) || $1.isGate(of: $0) }),
        let xZero = zero(x.grid), let otherZero = zero(other.grid), let yZero = zero(grid)
      else { return nil }
      let inputs: [Graph.ValueID?] = [
        x.value, x.grid.scaleID, xZero, other.value, other.grid.scaleID, otherZero, grid.scaleID, yZero,
      ]
      return Graph.Node(node.name, .qLinearMul(QLinearMul()), inputs: inputs, outputs: [output])
    case .batchNormalization:
      guard let x else { return nil }
      return normalization(node, x, grid, output)
    case .globalAveragePool:
      guard let x, x.grid.type == grid.type, let xZero = zero(x.grid), let yZero = zero(grid) else { return nil }
      return Graph.Node(
        node.name, .qLinearGlobalAveragePool(QLinearGlobalAveragePool()),
        inputs: [x.value, x.grid.scaleID, xZero, grid.scaleID, yZero], outputs: [output])
    case .averagePool(let pool):
      // QLinearAveragePool has no dilations and treats padding differently.
      guard let x, x.grid.type == grid.type, !pool.countsPadding, pool.window.dilations.allSatisfy({ $0 == 1 }),
        let xZero = zero(x.grid), let yZero = zero(grid)
      else { return nil }
      var window = pool.window
      window.dilations = []
      return Graph.Node(
        node.name, .qLinearAveragePool(QLinearAveragePool(window)),
        inputs: [x.value, x.grid.scaleID, xZero, grid.scaleID, yZero], outputs: [output])
    case .globalMaxPool:
      // GlobalMaxPool accepts only floats; MaxPool with one window accepts bytes.
      guard let x, x.grid.equals(grid), facts.rank(x.value) == 4, let height = facts.extent(x.value, 2),
        let width = facts.extent(x.value, 3), height > 0, width > 0
      else { return nil }
      return Graph.Node(
        node.name, .maxPool(MaxPool(Window(kernel: [height, width]))), inputs: [x.value], outputs: [output])
    case .concat(let concat):
      guard let yZero = zero(grid) else { return nil }
      var inputs: [Graph.ValueID?] = [grid.scaleID, yZero]
      for part in node.inputs {
        guard let part = source(part), part.grid.type == grid.type, let zero = zero(part.grid) else { return nil }
        inputs += [part.value, part.grid.scaleID, zero]
      }
      return Graph.Node(
        node.name, .qLinearConcat(QLinearConcat(axis: concat.axis)), inputs: inputs, outputs: [output])
    case .maxPool, .flatten, .reshape, .squeeze, .unsqueeze, .transpose, .slice, .identity, .dropout:
      // These operators work on the 8-bit elements directly, since quantization preserves order.
      guard let x, x.grid.equals(grid), node.outputs.dropFirst().allSatisfy({ $0 == nil }) else { return nil }
      return Graph.Node(
        node.name, node.operation, inputs: [x.value] + Array(node.inputs.dropFirst()), outputs: [output])
    default: return nil
    }
  }

  // MARK: Products

  /// A Gemm in QGemm's form: alpha and beta are 1.
  private mutating func gemm(
    _ node: Graph.Node, _ gemm: Gemm, _ x: (value: Graph.ValueID, grid: QuantizationGrid), _ grid: QuantizationGrid?,
    _ output: Graph.ValueID
  ) -> Graph.Node? {
    guard gemm.alpha == 1, gemm.beta == 1, !gemm.transA,
      let w = QuantizedWeights(graph, node[Gemm.Input.b], uses), w.shape.rank == 2,
      w.axis.map({ $0 == (gemm.transB ? 0 : 1) }) ?? true, let xZero = zero(x.grid), let wZero = zero(w)
    else { return nil }
    let columns = w.shape[gemm.transB ? 0 : 1]
    var bias: Graph.ValueID?
    if let c = node[Gemm.Input.c] {
      guard let found = integerBias(c, x.grid.scale, w.scales, count: columns) else { return nil }
      bias = found
    }
    var inputs: [Graph.ValueID?] = [x.value, x.grid.scaleID, xZero, w.weights, w.scale, wZero, bias]
    if let grid {
      guard let yZero = zero(grid) else { return nil }
      inputs += [grid.scaleID, yZero]
    }
    return Graph.Node(node.name, .qGemm(QGemm(transB: gemm.transB)), inputs: inputs, outputs: [output])
  }

  /// QLinearConv and QLinearMatMul.
  private mutating func product(
    _ node: Graph.Node, _ x: (value: Graph.ValueID, grid: QuantizationGrid), _ w: QuantizedWeights,
    bias: Graph.ValueID?,
    _ grid: QuantizationGrid, _ output: Graph.ValueID, _ operation: Operator
  ) -> Graph.Node? {
    guard let xZero = zero(x.grid), let wZero = zero(w), let yZero = zero(grid) else { return nil }
    var inputs: [Graph.ValueID?] = [
      x.value, x.grid.scaleID, xZero, w.weights, w.scale, wZero, grid.scaleID, yZero,
    ]
    if let bias {
      guard let id = integerBias(bias, x.grid.scale, w.scales, count: w.shape[0]) else { return nil }
      inputs.append(id)
    }
    return Graph.Node(node.name, operation, inputs: inputs, outputs: [output])
  }

  /// A ConvTranspose whose windows lie beside each other, without gap or overlap: a QLinearConv of one tap makes the
  /// pixels of a window as channels, and a DepthToSpace puts them in their places.
  private mutating func patches(
    _ node: Graph.Node, _ convolution: ConvTranspose, _ x: (value: Graph.ValueID, grid: QuantizationGrid),
    _ grid: QuantizationGrid, _ output: Graph.ValueID
  ) -> Graph.Node? {
    let window = convolution.window
    guard let w = QuantizedWeights(graph, node[ConvTranspose.Input.w], uses), w.shape.rank == 4, w.axis ?? 1 == 1,
      let weights = graph.values[w.weights].constant, w.shape[2] == w.shape[3], convolution.group == 1,
      window.strides == [w.shape[2], w.shape[2]], window.autoPad == .notSet || window.autoPad == .valid,
      window.pads.allSatisfy({ $0 == 0 }), window.dilations.allSatisfy({ $0 == 1 }),
      convolution.outputPadding.allSatisfy({ $0 == 0 }), convolution.outputShape.isEmpty,
      facts.extent(x.value, 1) == w.shape[0], facts.rank(x.value) == 4,
      context.allows(bytes: 3 * weights.count, work: 3 * weights.count), let numbers = weights.ints,
      let xZero = zero(x.grid), let wZero = zero(w), let yZero = zero(grid),
      let wZeros = graph.values[wZero].constant?.ints
    else { return nil }
    let (channels, filters, size) = (w.shape[0], w.shape[1], w.shape[2])
    let taps = size * size
    guard w.scales.count == 1 || w.scales.count == filters, wZeros.count == 1 || wZeros.count == filters else {
      return nil
    }
    var ordered: [Int] = []
    ordered.reserveCapacity(numbers.count)
    for tap in 0..<taps {
      for filter in 0..<filters {
        for channel in 0..<channels { ordered.append(numbers[(channel * filters + filter) * taps + tap]) }
      }
    }
    func repeated<Number>(_ of: [Number]) -> [Number] {
      of.count == 1 ? of : (0..<taps * filters).map { of[$0 % filters] }
    }
    func bytes(_ shape: Shape, _ numbers: [Int]) -> Tensor? {
      w.type == .uint8
        ? try? Tensor(shape, numbers.map { UInt8(clamping: $0) })
        : try? Tensor(shape, numbers.map { Int8(clamping: $0) })
    }
    let (scales, zeros) = (repeated(w.scales), repeated(wZeros))
    var bias: Tensor?
    if let float = node[ConvTranspose.Input.b] {
      guard let id = integerBias(float, x.grid.scale, w.scales, count: filters),
        let units = graph.values[id].constant?.ints,
        let whole = try? Tensor(
          Shape([taps * filters]), (0..<taps * filters).map { Int32(clamping: units[$0 % filters]) })
      else { return nil }
      bias = whole
    }
    guard let kernel = bytes(Shape([taps * filters, channels, 1, 1]), ordered),
      let scale = try? Tensor(w.scales.count == 1 ? Shape([]) : Shape([scales.count]), scales),
      let zero = bytes(wZeros.count == 1 ? Shape([]) : Shape([zeros.count]), zeros)
    else { return nil }
    let deep = graph.addValue(graph.freshName("\(graph.values[output].name)_patches"))
    var inputs: [Graph.ValueID?] = [
      x.value, x.grid.scaleID, xZero, graph.addFreshConstant("weight", kernel), graph.addFreshConstant("scale", scale),
      graph.addFreshConstant("zero_point", zero), grid.scaleID, yZero,
    ]
    if let bias { inputs.append(graph.addFreshConstant("bias", bias)) }
    nodes.append(
      Graph.Node(node.name, .qLinearConv(QLinearConv(Window(), group: 1)), inputs: inputs, outputs: [deep]))
    return Graph.Node(
      "\(node.name)_pixels", .depthToSpace(DepthToSpace(PixelBlock(size: size))), inputs: [deep], outputs: [output])
  }

  /// A BatchNormalization as a QLinearConv of one tap with a weight of ±127 for each channel. Its bias, in units of a
  /// 127th of the channel's factor, is rounded by far less than a step of y.
  private mutating func normalization(
    _ node: Graph.Node, _ x: (value: Graph.ValueID, grid: QuantizationGrid), _ grid: QuantizationGrid,
    _ output: Graph.ValueID
  ) -> Graph.Node? {
    guard facts.rank(x.value) == 4, let affine = BatchNormalizationScale(node, { floats($0) }), affine.channels > 1,
      facts.extent(x.value, 1) == affine.channels, context.allows(bytes: 10 * affine.channels, work: affine.channels),
      let xZero = zero(x.grid), let yZero = zero(grid)
    else { return nil }
    var (weights, scales, biases): ([Int8], [Float], [Int32]) = ([], [], [])
    for (factor, shift) in zip(affine.scale, affine.shift) {
      let bias = shift / Double(x.grid.scale)
      // A bias that would not fit makes its unit larger.
      let unit = Float(max(abs(factor) / 127, abs(bias) / 1_000_000_000, Double(Float.leastNormalMagnitude)))
      guard unit.isFinite else { return nil }
      weights.append(Int8(clamping: Int((factor / Double(unit)).rounded())))
      scales.append(unit)
      biases.append(Int32((bias / Double(unit)).rounded()))
    }
    let (channels, windows) = (Shape([affine.channels]), Shape([affine.channels, 1, 1, 1]))
    guard let w = try? Tensor(windows, weights), let scale = try? Tensor(channels, scales),
      let bias = try? Tensor(channels, biases), let wZero = try? Tensor(scalar: Int8(0))
    else { return nil }
    let inputs: [Graph.ValueID?] = [
      x.value, x.grid.scaleID, xZero, graph.addFreshConstant("weight", w), graph.addFreshConstant("scale", scale),
      graph.addFreshConstant("zero_point", wZero), grid.scaleID, yZero, graph.addFreshConstant("bias", bias),
    ]
    return Graph.Node(
      node.name, .qLinearConv(QLinearConv(Window(), group: affine.channels)), inputs: inputs, outputs: [output])
  }

  /// The numbers of a float constant, or of one behind a DequantizeLinear.
  private func floats(_ id: Graph.ValueID) -> [Float]? {
    if let constant = graph.values[id].constant { return constant.type == .float32 ? constant.array() : nil }
    guard let index = uses.producer(id), case .dequantizeLinear = graph.nodes[index].operation else { return nil }
    let arguments = graph.nodes[index].inputs.map { $0.flatMap { graph.values[$0].constant } }
    guard let numbers = arguments.first ?? nil, numbers.count <= 65536,
      zip(graph.nodes[index].inputs, arguments).allSatisfy({ $0 == nil || $1 != nil }),
      let result = try? graph.nodes[index].operation.evaluate(arguments).first, result.type == .float32
    else { return nil }
    return result.array()
  }

  private mutating func zero(_ w: QuantizedWeights) -> Graph.ValueID? {
    if let id = w.zero { return id }
    guard context.allows(bytes: w.scales.count, work: w.scales.count) else { return nil }
    let tensor: Tensor?
    if w.scales.count == 1 {
      tensor = w.type == .uint8 ? try? Tensor(scalar: UInt8(0)) : try? Tensor(scalar: Int8(0))
    } else {
      tensor = try? Tensor(zeros: Shape([w.scales.count]), type: w.type)
    }
    return tensor.map { graph.addFreshConstant("zero_point", $0) }
  }

  /// A bias in units of x's scale · w's scale: an int32 behind a DequantizeLinear with exactly these scales is used
  /// directly, anything else is rounded (an error below half a unit of the accumulator). nil if it does not fit into
  /// int32.
  private mutating func integerBias(
    _ id: Graph.ValueID, _ xScale: Float, _ wScales: [Float], count: Int
  ) -> Graph.ValueID? {
    guard context.allows(bytes: 4 * count, work: 4 * count) else { return nil }
    var real: [Double] = []
    if let index = uses.producer(id), case .dequantizeLinear = graph.nodes[index].operation {
      typealias Input = DequantizeLinear.Input
      guard let stored = graph.nodes[index][Input.x], let numbers = graph.values[stored].constant,
        numbers.type == .int32, numbers.count == count,
        let scales = graph.constantInput(index, Input.scale)?.array(of: Float.self),
        scales.count == 1 || scales.count == count,
        graph.lacksInput(index, Input.zeroPoint)
          || graph.constantInput(index, Input.zeroPoint)?.ints?.allSatisfy({ $0 == 0 }) == true
      else { return nil }
      let fits = (0..<count).allSatisfy { channel in
        let unit = xScale * wScales[wScales.count == 1 ? 0 : channel]
        return abs(scales[scales.count == 1 ? 0 : channel] - unit) <= unit * 1e-5
      }
      if fits { return stored }
      real = (numbers.ints ?? []).enumerated().map { channel, number in
        Double(number) * Double(scales[scales.count == 1 ? 0 : channel])
      }
    } else {
      guard let numbers = graph.values[id].constant, numbers.type == .float32, numbers.count == count else {
        return nil
      }
      real = numbers.array(of: Float.self).map { Double($0) }
    }
    var integers: [Int32] = []
    for (channel, number) in real.enumerated() {
      let units = (number / (Double(xScale) * Double(wScales[wScales.count == 1 ? 0 : channel]))).rounded()
      guard abs(units) < 1_073_741_824 else { return nil }
      integers.append(Int32(units))
    }
    guard let tensor = try? Tensor(Shape([count]), integers) else { return nil }
    return graph.addFreshConstant("bias", tensor)
  }

  /// A Gemm with quantised inputs and a float result: the head of most networks.
  private mutating func lowerFloatProduct(_ index: Int) -> Bool {
    guard case .gemm(let gemm) = graph.nodes[index].operation, let output = graph.soleOutput(index),
      let x = source(graph.nodes[index][Gemm.Input.a]), !isQuantized(output),
      let node = self.gemm(graph.nodes[index], gemm, x, nil, output)
    else { return false }
    nodes.append(node)
    return true
  }

  /// Whether a QuantizeLinear reads the value; then the decision is made at that node.
  private func isQuantized(_ id: Graph.ValueID) -> Bool {
    guard let reader = uses.onlyReader(id) else { return false }
    switch graph.nodes[reader].operation {
    case .quantizeLinear, .relu, .clip: return true
    default: return false
    }
  }
}
