import Kernels
import ModelGraph

/// Decides kernel, layout and buffer of every step of a graph.
///
/// It walks the nodes once and asks for each whether a fast kernel fits (`PlannerConvolution.swift` and its siblings);
/// what none fits is run by its definition. A value is made in the layout that its kernel likes; a reader that wants the
/// other one gets a conversion, made once.
struct Planner {
  let graph: Graph
  let facts: [Fact]
  let isa: kernels_level
  let threads: Int
  /// By a Conv's output.
  private(set) var winogradChoices: [WinogradChoice] = []
  /// Bytes that 8-bit layers may still take for transformed weights beyond their own.
  var quantizedWinogradRoom = 0
  let isExact: Bool
  /// What is known before anything runs.
  let isConstant: [Bool]

  private(set) var drafts: [Draft] = []
  private(set) var buffers: [Arena.Buffer] = []
  /// Where each value lies, by layout; -1 for nowhere yet.
  private var plainBuffer: [Int]
  private var channelsLastBuffer: [Int]
  private(set) var inputIndex: [Int]
  /// Who makes and who reads what; empty for graphs without integers.
  let quantized: QuantizedChains

  /// - Parameter constants: the values that are known; their tensors may be gone from `facts` (the binder has them).
  init(_ graph: Graph, _ facts: [Fact], isConstant: [Bool], isa: kernels_level, options: EngineOptions) {
    self.graph = graph
    self.facts = facts
    self.isConstant = isConstant
    self.isa = isa
    threads = options.threads
    isExact = options.exact
    plainBuffer = [Int](repeating: -1, count: facts.count)
    channelsLastBuffer = plainBuffer
    inputIndex = plainBuffer
    for (index, id) in graph.inputs.enumerated() { inputIndex[id] = index }
    quantized = QuantizedChains(graph, facts, isConstant)
    winogradChoices = chooseWinograd(options)
    quantizedWinogradRoom = quantizedWinogradRoom(options)
  }

  /// Plans every node and the graph's outputs; returns where each output is found (always plain).
  mutating func plan() throws(GraphError) -> [Operand] {
    for (index, node) in graph.nodes.enumerated() {
      // Folded: shape arithmetic, Constant.
      if node.outputs.allSatisfy({ $0.map { isConstant[$0] } ?? true }) { continue }
      do { try plan(node, index) } catch { throw error.at(node.place) }
    }
    var outputs: [Operand] = []
    for id in graph.outputs {
      let operand = try self.operand(id, .plain)
      if case .buffer(let buffer) = operand { buffers[buffer].lastStep = Int.max }
      outputs.append(operand)
    }
    return outputs
  }

  private mutating func plan(_ node: Graph.Node, _ index: Int) throws(GraphError) {
    var done = false
    if node.outputs.dropFirst().allSatisfy({ $0 == nil }), let output = node.outputs.first ?? nil,
      facts[output].shape.count > 0
    {
      done = try planQuantized(node, index, output)
      if !done, facts[output].type == .float32 || movesOnly(node.operation) { done = try planFast(node, output) }
    }
    if !done { try planReference(node, index) }
  }

  /// Operators that leave the elements alone, whatever their type.
  private func movesOnly(_ operation: Operator) -> Bool {
    switch operation {
    case .identity, .dropout, .flatten, .reshape, .squeeze, .unsqueeze, .concat: true
    default: false
    }
  }

  /// Plans the node with kernels of ours and returns true, or leaves everything as it is.
  private mutating func planFast(_ node: Graph.Node, _ output: Graph.ValueID) throws(GraphError) -> Bool {
    switch node.operation {
    case .conv(let conv):
      return try planConvolution(node, output, conv.window, conv.group, .none)
    case .fusedConv(let conv):
      return try planConvolution(node, output, conv.window, conv.group, conv.activation)
    case .gemm(let gemm): return try planGemm(node, output, gemm)
    case .matMul: return try planMatMul(node, output)
    case .maxPool(let pool): return try planPool(node, output, pool.window, F32_POOL_MAX)
    case .averagePool(let pool):
      let kind = pool.countsPadding ? F32_POOL_AVERAGE_PADDED : F32_POOL_AVERAGE
      return try planPool(node, output, pool.window, kind)
    case .globalAveragePool: return try planGlobalPool(node, output, F32_POOL_AVERAGE)
    case .globalMaxPool: return try planGlobalPool(node, output, F32_POOL_MAX)
    case .reduceMean(let mean): return try planReduceMean(node, output, mean)
    case .batchNormalization(let norm): return try planBatchNormalization(node, output, norm)
    case .relu: return try planUnary(node, output, .relu)
    case .leakyRelu(let leaky): return try planUnary(node, output, .leakyRelu(alpha: leaky.alpha))
    case .sigmoid: return try planUnary(node, output, .sigmoid)
    case .hardSigmoid(let hard): return try planUnary(node, output, .hardSigmoid(alpha: hard.alpha, beta: hard.beta))
    case .hardSwish: return try planUnary(node, output, .hardSwish)
    case .clip: return try planClip(node, output)
    case .add: return try planBinary(node, output, F32_ADD)
    case .sub: return try planBinary(node, output, F32_SUB)
    case .mul: return try planBinary(node, output, F32_MUL)
    case .div: return try planBinary(node, output, F32_DIV)
    case .softmax(let softmax): return try planSoftmax(node, output, softmax.axis, logarithm: false)
    case .logSoftmax(let softmax): return try planSoftmax(node, output, softmax.axis, logarithm: true)
    case .concat(let concat): return try planConcat(node, output, axis: concat.axis)
    case .identity: return try planAlias(node, output, keepsShape: true)
    case .dropout:
      // A training mode that is known was settled by the shape rule; one that is not is the definition's business.
      if let mode = input(node, 2), !isKnown(mode) { return false }
      return try planAlias(node, output, keepsShape: true)
    case .flatten, .reshape, .squeeze, .unsqueeze: return try planAlias(node, output, keepsShape: false)
    default: return false
    }
  }

  // MARK: Asking

  func shape(_ id: Graph.ValueID) -> Shape { facts[id].shape }
  func type(_ id: Graph.ValueID) -> ElementType { facts[id].type }
  func isKnown(_ id: Graph.ValueID) -> Bool { isConstant[id] }
  func constant(_ id: Graph.ValueID) -> Tensor? { isConstant[id] ? facts[id].constant : nil }

  /// The node's input at `index`, if it has one.
  func input(_ node: Graph.Node, _ index: Int) -> Graph.ValueID? {
    index < node.inputs.count ? node.inputs[index] : nil
  }

  /// A value that a fast kernel may read: float32 with something in it.
  func isFloat(_ id: Graph.ValueID) -> Bool { facts[id].type == .float32 && facts[id].shape.count > 0 }

  /// Whether the value has a buffer yet.
  func isPlanned(_ id: Graph.ValueID) -> Bool { plainBuffer[id] >= 0 || channelsLastBuffer[id] >= 0 }

  /// The layout that a value is in already (plain where it is in both, or a constant).
  func home(_ id: Graph.ValueID) -> Layout {
    plainBuffer[id] < 0 && channelsLastBuffer[id] >= 0 ? .channelsLast : .plain
  }

  /// Whether the value is, or costs nothing to have, with its channels last.
  func prefersChannelsLast(_ id: Graph.ValueID) -> Bool {
    channelsLastBuffer[id] >= 0 && !shape(id).layoutsAgree
  }

  // MARK: Buffers

  /// Where `id` is found in `layout`; a conversion is planned if it is not there yet. Constants are converted like all
  /// else: they lie in their file's order, which is plain.
  mutating func operand(_ id: Graph.ValueID, _ wanted: Layout) throws(GraphError) -> Operand {
    let layout = shape(id).layoutsAgree ? .plain : wanted
    if isConstant[id], layout == .plain { return .constant(id) }
    let there = layout == .plain ? plainBuffer[id] : channelsLastBuffer[id]
    if there >= 0 { return .buffer(there) }
    let other = layout == .plain ? channelsLastBuffer[id] : plainBuffer[id]
    let source: Operand
    if other >= 0 {
      source = .buffer(other)
    } else if isConstant[id] {
      source = .constant(id)
    } else if inputIndex[id] >= 0 {
      source = .input(inputIndex[id])
      if layout == .plain {
        let target = newBuffer(id, .plain)
        var copy = rows_copy()
        copy.rows = 1
        copy.bytes = facts[id].shape.count * facts[id].type.byteCount
        rows_copy_plan(&copy)
        append(
          Draft(
            name: graph.values[id].name, kernel: "input", work: .copy(copy, yOffset: 0), reads: [source],
            writes: [target]))
        return .buffer(target)
      }
    } else {
      throw GraphError(.undefinedValue, "'\(graph.values[id].name)' is produced by no earlier node")
    }
    let shape = shape(id)
    if facts[id].type.byteCount == 1 {
      var transpose = bytes_transpose()
      transpose.batch = shape[0]
      transpose.rows = layout == .channelsLast ? shape[1] : shape.planeCount
      transpose.columns = layout == .channelsLast ? shape.planeCount : shape[1]
      let target = newBuffer(id, layout)
      append(
        Draft(
          name: graph.values[id].name, kernel: "bytes_transpose", work: .bytesTranspose(transpose), reads: [source],
          writes: [target]))
      return .buffer(target)
    }
    // Integers of four bytes pass through unchanged too; those of eight have no channels-last form.
    var transpose = f32_transpose()
    transpose.isa = isa
    transpose.batch = shape[0]
    transpose.rows = layout == .channelsLast ? shape[1] : shape.planeCount
    transpose.columns = layout == .channelsLast ? shape.planeCount : shape[1]
    f32_transpose_plan(&transpose)
    let target = newBuffer(id, layout)
    append(
      Draft(
        name: graph.values[id].name, kernel: layout == .channelsLast ? "f32_nchw_to_nhwc" : "f32_nhwc_to_nchw",
        work: .transpose(transpose), reads: [source], writes: [target]))
    return .buffer(target)
  }

  /// Room for a value that the next step makes.
  mutating func newBuffer(_ id: Graph.ValueID, _ wanted: Layout) -> Int {
    let buffer = newBuffer(byteCount: facts[id].shape.count * facts[id].type.byteCount)
    if wanted == .plain || shape(id).layoutsAgree {
      plainBuffer[id] = buffer
    } else {
      channelsLastBuffer[id] = buffer
    }
    return buffer
  }

  /// Room for what the next step makes, and no value is.
  mutating func newBuffer(byteCount: Int) -> Int {
    buffers.append(Arena.Buffer(byteCount: byteCount, firstStep: drafts.count, lastStep: drafts.count))
    return buffers.count - 1
  }

  /// Adds a step: its buffers live at least until then.
  mutating func append(_ draft: Draft) {
    for case .buffer(let buffer) in draft.reads {
      buffers[buffer].lastStep = max(buffers[buffer].lastStep, drafts.count)
    }
    for buffer in draft.writes { buffers[buffer].lastStep = max(buffers[buffer].lastStep, drafts.count) }
    drafts.append(draft)
  }

  /// The output is the input under another name.
  mutating func planAlias(
    _ node: Graph.Node, _ output: Graph.ValueID, keepsShape: Bool
  ) throws(GraphError) -> Bool {
    guard let x = input(node, 0), !isConstant[x] else { return false }
    if keepsShape, plainBuffer[x] >= 0 || channelsLastBuffer[x] >= 0 {
      plainBuffer[output] = plainBuffer[x]
      channelsLastBuffer[output] = channelsLastBuffer[x]
      return true
    }
    guard case .buffer(let buffer) = try operand(x, .plain) else { return false }
    plainBuffer[output] = buffer
    return true
  }

  // MARK: By definition

  mutating func planReference(_ node: Graph.Node, _ index: Int) throws(GraphError) {
    var reads: [Operand] = []
    for input in node.inputs {
      if let input { reads.append(try operand(input, .plain)) } else { reads.append(.none) }
    }
    var writes: [Int] = []
    for output in node.outputs {
      // An output that nobody names still has its place in the list; -1 says it is dropped.
      if let output, !isConstant[output] { writes.append(newBuffer(output, .plain)) } else { writes.append(-1) }
    }
    for buffer in writes where buffer >= 0 { buffers[buffer].lastStep = drafts.count }
    for case .buffer(let buffer) in reads { buffers[buffer].lastStep = max(buffers[buffer].lastStep, drafts.count) }
    drafts.append(
      Draft(name: node.name, kernel: "reference", work: .reference(node: index), reads: reads, writes: writes))
  }
}
