import Kernels
import ModelGraph
import Text

/// Chooses the steps of a graph, and the layout and the buffer of every value.
///
/// It walks the nodes once and asks each step whether it fits; a node that none fits is run by its operator's
/// definition. A value is made in the layout that its kernel prefers. A reader that needs the other layout gets a
/// conversion, which is made once.
final class Planner {
  let graph: Graph
  let facts: [Fact]
  /// Whether a value is known before anything runs. Its tensor may be gone from `facts`: the packer has it.
  let isConstant: [Bool]
  let level: kernels_level
  let threads: Int
  let isExact: Bool
  /// Whether layers of floats are multiplied in bf16.
  let multipliesBfloat16: Bool
  let memory: EngineOptions.Memory
  /// By a convolution's output: the tile of those that are run by Winograd.
  private(set) var winogradChoices: [WinogradChoice?] = []
  /// Bytes that 8-bit layers may still take for transformed weights beyond their taps.
  var quantizedWinogradRoom = 0
  /// Which nodes of 8-bit integers one step computes together.
  let chains: QuantizedChains
  /// The same for products of floats.
  let floatChains: FloatChains
  let attention: AttentionChains
  /// By value: those that a step for a float layer makes, with all that ``floatChains`` joins to it.
  var isChained: [Bool]

  private(set) var planned: [PlannedStep] = []
  private(set) var buffers: [Arena.Buffer] = []
  /// The buffer of each value in each layout, as far as there is one.
  private var plainBuffer: [Int?]
  private var channelsLastBuffer: [Int?]
  private var inputIndex: [Int?]
  /// By value: where it lies, if each step that writes or reads it goes by that.
  private var slices: [Slice?]
  /// By buffer: those steps, until the value is moved.
  private var sliceSteps: [[Int]] = []
  private var concatenations: Concatenations
  /// By value: the node that alone reads it.
  let onlyReader: [Int?]
  /// Which nodes a step of an earlier node computes too.
  private var isAbsorbed: [Bool]
  /// What convolutions compute first, and which of them by the value that the convolution reads.
  private var befores: [ChannelAffine] = []
  private var beforeIndex: [Int?]
  /// By value: the step that makes it by products of bf16, in floats so far.
  private var bfloat16Maker: [Bfloat16Step?]

  init(_ graph: Graph, _ facts: [Fact], isConstant: [Bool], options: EngineOptions) {
    self.graph = graph
    self.facts = facts
    self.isConstant = isConstant
    level = kernels_level_in_use()
    threads = options.threads
    isExact = options.exact
    multipliesBfloat16 = options.precision == .bfloat16 && bf16_convolution_pays(level) != 0
    memory = options.memory
    plainBuffer = [Int?](repeating: nil, count: facts.count)
    channelsLastBuffer = plainBuffer
    inputIndex = plainBuffer
    beforeIndex = plainBuffer
    slices = [Slice?](repeating: nil, count: facts.count)
    concatenations = Concatenations(graph, facts, isConstant)
    onlyReader = graph.onlyReaders()
    isAbsorbed = [Bool](repeating: false, count: graph.nodes.count)
    bfloat16Maker = [Bfloat16Step?](repeating: nil, count: facts.count)
    for (index, id) in graph.inputs.enumerated() { inputIndex[id] = index }
    chains = QuantizedChains(graph, facts, isConstant)
    floatChains = FloatChains(graph, facts, isConstant: isConstant)
    attention = AttentionChains(graph, facts, isConstant: isConstant)
    isChained = [Bool](repeating: false, count: facts.count)
    winogradChoices = chooseWinograd(options.memory)
    quantizedWinogradRoom = quantizedWinogradRoom(options.memory)
  }

  /// Plans every node and the graph's outputs; returns where each output is found, always in plain layout.
  func plan() throws(GraphError) -> [Operand] {
    for (index, node) in graph.nodes.enumerated() {
      // Shape arithmetic and Constant: all that they make is known.
      if node.outputs.allSatisfy({ $0.map { isConstant[$0] } ?? true }) { continue }
      if attention.isLeftOut[index] { continue }
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

  private func plan(_ node: Graph.Node, _ index: Int) throws(GraphError) {
    if let output = node.firstOutput, node.outputs.dropFirst().allSatisfy({ $0 == nil }),
      facts[output].shape.count > 0
    {
      if isDone(node, index, output) { return }
      let candidate = Candidate(node: node, index: index, output: output)
      if try planStep(candidate) { return }
    }
    if SplitOperator.isIncluded, try PickStep.plan(split: node, self) { return }
    if DynamicQuantizeLinear.isIncluded, try DynamicQuantizeStep.plan(node, self) { return }
    try ReferenceStep.plan(node, self)
  }

  /// Asks every step whether it fits, in this order. A new step is a file in `Steps` and a line here. A build without the
  /// operators of a step leaves it out, and its kernels (`LeftOut.swift`).
  private func planStep(_ candidate: Candidate) throws(GraphError) -> Bool {
    // Layers of 8-bit integers.
    if ConvInteger.isIncluded || MatMulInteger.isIncluded || DynamicQuantizeMatMul.isIncluded {
      if try IntegerProductStep.plan(candidate, self) { return true }
    }
    if QuantizeLinear.isIncluded || QLinearConv.isIncluded || QLinearMatMul.isIncluded || QGemm.isIncluded {
      if try QuantizedDepthwiseStep.plan(candidate, self) { return true }
      if try QuantizedWinogradStep.plan(candidate, self) { return true }
      if try QuantizedConvolutionStep.plan(candidate, self) { return true }
      if try QuantizedAddStep.plan(candidate, self) { return true }
      if try QuantizedMultiplyStep.plan(candidate, self) { return true }
      if try ByteTableStep.plan(candidate, self) { return true }
      if try QuantizedPoolStep.plan(candidate, self) { return true }
    }
    if QuantizeLinear.isIncluded, try QuantizeStep.plan(candidate, self) { return true }
    if DequantizeLinear.isIncluded, try DequantizeStep.plan(candidate, self) { return true }
    // Layers of floats.
    if MatMul.isIncluded, Softmax.isIncluded, try AttentionStep.plan(candidate, self) { return true }
    if try Bfloat16Step.plan(candidate, self) { return true }
    if try WinogradStep.plan(candidate, self) { return true }
    if Conv.isIncluded || FusedConv.isIncluded {
      if !LeftOut.groups, try StripsStep.plan(candidate, self) { return true }
      if !LeftOut.dilations, try DilatedWinogradStep.plan(candidate, self) { return true }
      if !LeftOut.groups, try DepthwiseStep.plan(candidate, self) { return true }
    }
    if try ConvolutionStep.plan(candidate, self) { return true }
    if MatMul.isIncluded, try MatMulStep.plan(candidate, self) { return true }
    if ConvTranspose.isIncluded, try TransposedConvolutionStep.plan(candidate, self) { return true }
    if try PoolStep.plan(candidate, self) { return true }
    if BatchNormalization.isIncluded, try AffineStep.plan(candidate, self) { return true }
    if try UnaryStep.plan(candidate, self) { return true }
    if try BinaryStep.plan(candidate, self) { return true }
    if Softmax.isIncluded || LogSoftmax.isIncluded, try SoftmaxStep.plan(candidate, self) { return true }
    if LayerNormalization.isIncluded || RMSNormalization.isIncluded, try RowNormStep.plan(candidate, self) {
      return true
    }
    if ReduceSum.isIncluded || ReduceMean.isIncluded || ReduceSumSquare.isIncluded || ReduceL2.isIncluded
      || ReduceMax.isIncluded || ReduceMin.isIncluded
    {
      if try ReduceStep.plan(candidate, self) { return true }
    }
    if Resize.isIncluded, try InterpolateStep.plan(candidate, self) { return true }
    // Any type.
    if try CopyStep.plan(candidate, self) { return true }
    if Operator.isAnyPicking, try PickStep.plan(candidate, self) { return true }
    return try View.plan(candidate, self)
  }

  /// Whether another node's step computes this one too.
  private func isDone(_ node: Graph.Node, _ index: Int, _ output: Graph.ValueID) -> Bool {
    // A product that had to be run otherwise has not absorbed what is behind it.
    if let product = floatChains.product[index], let chain = floatChains.chain[product] {
      return isChained[chain.output]
    }
    if isAbsorbed[index] { return true }
    guard chains.isAbsorbed[index] else { return false }
    // A Clip follows the step that absorbs it, unless that had to be run by its definition. A product comes before.
    if case .clip = node.operation { return isPlanned(output) }
    return true
  }

  /// Leaves `affine`, which makes `output`, to the convolution of this geometry that alone reads it. Returns whether that can
  /// compute it.
  func noteBefore(_ affine: ChannelAffine, of output: Graph.ValueID, _ geometry: ConvolutionGeometry) -> Bool {
    var geometry = convolution_geometry(geometry)
    if f32_convolution_fits_before(&geometry) == 0 { return false }
    beforeIndex[output] = befores.count
    befores.append(affine)
    return true
  }

  /// What the convolution that reads `x` is to compute of its input first, to have `x`.
  func before(_ x: Graph.ValueID) -> ChannelAffine? { beforeIndex[x].map { befores[$0] } }

  // MARK: Asking

  func shape(_ id: Graph.ValueID) -> Shape { facts[id].shape }
  func type(_ id: Graph.ValueID) -> ElementType { facts[id].type }
  func isKnown(_ id: Graph.ValueID) -> Bool { isConstant[id] }

  /// What is known of a node's inputs, for the rules of its operator.
  func inputFacts(of node: Graph.Node) -> [Fact?] {
    node.inputs.map { $0.map { Fact(type($0), shape($0), constant: constant($0)) } }
  }

  func constant(_ id: Graph.ValueID) -> Tensor? { isConstant[id] ? facts[id].constant : nil }

  /// Whether a float kernel can read the value: float32, and not empty.
  func isFloat(_ id: Graph.ValueID) -> Bool { facts[id].type == .float32 && facts[id].shape.count > 0 }

  /// Whether an 8-bit kernel can read the value: int8 or uint8, and not empty.
  func isByte(_ id: Graph.ValueID) -> Bool {
    (facts[id].type == .uint8 || facts[id].type == .int8) && facts[id].shape.count > 0
  }

  /// `id` if it is a value that a float kernel can read and that is not known.
  func floatVariable(_ id: Graph.ValueID?) -> Graph.ValueID? {
    guard let id, isFloat(id), !isKnown(id) else { return nil }
    return id
  }

  /// Whether the value has a buffer.
  private func isPlanned(_ id: Graph.ValueID) -> Bool { plainBuffer[id] != nil || channelsLastBuffer[id] != nil }

  /// Whether a step can read the value already.
  func isAvailable(_ id: Graph.ValueID) -> Bool { isPlanned(id) || isConstant[id] || inputIndex[id] != nil }

  /// Notes that an earlier node's step computes node `index` too.
  func absorb(_ index: Int) { isAbsorbed[index] = true }

  /// What the node that alone reads `id` computes, if that is a convolution of floats and reads `id` as its input.
  func onlyConvolution(of id: Graph.ValueID) throws(GraphError) -> (layer: FloatConvolution, index: Int)? {
    guard let index = onlyReader[id], let output = graph.nodes[index].firstOutput, shape(output).rank == shape(id).rank,
      let layer = try FloatConvolution(Candidate(node: graph.nodes[index], index: index, output: output), self),
      layer.layout == .channelsLast, layer.x == id
    else { return nil }
    return (layer, index)
  }

  /// The layout that the value has already; plain for one that has both, or none.
  func home(_ id: Graph.ValueID) -> Layout {
    plainBuffer[id] == nil && channelsLastBuffer[id] != nil ? .channelsLast : .plain
  }

  /// Whether the value has its channels last already.
  func prefersChannelsLast(_ id: Graph.ValueID) -> Bool { channelsLastBuffer[id] != nil && !shape(id).layoutsAgree }

  /// Whether the value is an output of the graph that no node reads.
  func isOnlyAnOutput(_ id: Graph.ValueID) -> Bool {
    graph.outputs.contains(id) && !graph.nodes.contains { $0.inputs.contains(id) }
  }

  /// A graph input that has no buffer: to be read where the caller has it.
  func untouchedInput(_ id: Graph.ValueID) -> Operand? {
    isPlanned(id) ? nil : inputIndex[id].map { .input($0) }
  }

  // MARK: Values and buffers

  /// Where `id` is found in `wanted` layout; a conversion is planned if it is not there yet. A constant is plain, as in
  /// its file, and converted like any other value.
  func operand(_ id: Graph.ValueID, _ wanted: Layout) throws(GraphError) -> Operand {
    let layout = shape(id).layoutsAgree ? .plain : wanted
    if isConstant[id], layout == .plain { return .constant(id) }
    settle(id)
    let (here, there) =
      layout == .plain ? (plainBuffer[id], channelsLastBuffer[id]) : (channelsLastBuffer[id], plainBuffer[id])
    if let here { return .buffer(here) }
    if let there { return convert(id, from: .buffer(there), to: layout) }
    if isConstant[id] { return convert(id, from: .constant(id), to: layout) }
    guard let input = untouchedInput(id) else {
      throw GraphError(.undefinedValue, "'\(graph.values[id].name)' is produced by no earlier node")
    }
    if layout == .channelsLast { return convert(id, from: input, to: layout) }
    return append(
      CopyStep(inputBytes: shape(id).count * type(id).byteCount), from: input, to: id, .plain)
  }

  /// Plans the other layout of `id`. Integers of four bytes are moved like floats; those of eight are never
  /// channels-last.
  private func convert(_ id: Graph.ValueID, from source: Operand, to layout: Layout) -> Operand {
    type(id).byteCount == 1
      ? append(BytesTransposeStep(shape(id), to: layout), from: source, to: id, layout)
      : append(TransposeStep(shape(id), to: layout, level), from: source, to: id, layout)
  }

  private func append(
    _ step: any Step, from source: Operand, to id: Graph.ValueID, _ layout: Layout
  ) -> Operand {
    let target = newBuffer(id, layout)
    append(step, name: graph.values[id].name, reads: [source], writes: [target])
    return .buffer(target)
  }

  /// A buffer for a value that the next step makes.
  func newBuffer(_ id: Graph.ValueID, _ layout: Layout) -> Int {
    let buffer = newBuffer(byteCount: shape(id).count * type(id).byteCount)
    if layout == .plain || shape(id).layoutsAgree {
      plainBuffer[id] = buffer
    } else {
      channelsLastBuffer[id] = buffer
    }
    return buffer
  }

  /// A buffer for something that the next step makes and that is no value of the graph.
  func newBuffer(byteCount: Int) -> Int {
    buffers.append(Arena.Buffer(byteCount: byteCount, firstStep: planned.count, lastStep: planned.count))
    sliceSteps.append([])
    return buffers.count - 1
  }

  /// Makes `output` another name of `x`, where that has a buffer in every layout that `output` may want.
  func alias(
    _ output: Graph.ValueID, of x: Graph.ValueID, keepsShape: Bool
  ) throws(GraphError) -> Bool {
    if keepsShape, isPlanned(x) {
      settle(x)
      plainBuffer[output] = plainBuffer[x]
      channelsLastBuffer[output] = channelsLastBuffer[x]
      return true
    }
    guard case .buffer(let buffer) = try operand(x, .plain) else { return false }
    plainBuffer[output] = buffer
    return true
  }

  /// Makes `output` in `layout` another name of the memory of `x` in `source`, if that is a buffer.
  func alias(
    _ output: Graph.ValueID, _ layout: Layout, of x: Graph.ValueID, _ source: Layout
  ) throws(GraphError) -> Bool {
    guard case .buffer(let buffer) = try operand(x, source) else { return false }
    if layout == .plain { plainBuffer[output] = buffer } else { channelsLastBuffer[output] = buffer }
    return true
  }

  // MARK: Steps

  /// Adds the step that computes `node`.
  func append(_ step: any Step, for node: Graph.Node, reads: [Operand], writes: [Int?]) {
    append(step, name: node.name, reads: reads, writes: writes)
  }

  /// Adds a step; its buffers live at least until it has run.
  func append(
    _ step: any Step, name: String, reads: [Operand], writes: [Int?], multiplyAdds: Int = 0
  ) {
    for case .buffer(let buffer) in reads {
      use(buffer)
      if !sliceSteps[buffer].isEmpty { sliceSteps[buffer].append(planned.count) }
    }
    for case let buffer? in writes { use(buffer) }
    planned.append(PlannedStep(name: name, step: step, reads: reads, writes: writes, multiplyAdds: multiplyAdds))
  }

  // MARK: Slices

  /// Notes that the last step is all that makes `id`, and writes where `slice` says.
  func noteSlice(_ slice: Slice, of id: Graph.ValueID) {
    guard let buffer = channelsLastBuffer[id] else { return }
    slices[id] = slice
    sliceSteps[buffer] = [planned.count - 1]
  }

  /// Where `id` is found with its channels last, for a step that reads it where the slice says.
  func slicedOperand(_ id: Graph.ValueID) throws(GraphError) -> (operand: Operand, slice: Slice) {
    if let slice = slices[id], let buffer = channelsLastBuffer[id] { return (.buffer(buffer), slice) }
    return (try operand(id, .channelsLast), Slice(stride: shape(id)[1]))
  }

  /// Has the steps that write and read `part` do so in `target`, whose pixels are `stride` floats apart, from float `offset` of a
  /// pixel on. Returns whether that could be done: no step may read the value without a slice, nor have moved it before.
  func move(_ part: Graph.ValueID, into target: Int, offset: Int, stride: Int) -> Bool {
    guard let slice = slices[part], let buffer = channelsLastBuffer[part], !sliceSteps[buffer].isEmpty else {
      return false
    }
    slice.move(offset: offset, stride: stride)
    for step in sliceSteps[buffer] { planned[step] = planned[step].moving(buffer, to: target) }
    sliceSteps[buffer] = []
    buffers[target].firstStep = min(buffers[target].firstStep, buffers[buffer].firstStep)
    buffers[target].lastStep = max(buffers[target].lastStep, buffers[buffer].lastStep)
    buffers[buffer].byteCount = 0
    channelsLastBuffer[part] = target
    return true
  }

  /// For a step that reads `id` without a slice: the value stays where it is, or is copied if it has been moved.
  private func settle(_ id: Graph.ValueID) {
    guard let slice = slices[id], let buffer = channelsLastBuffer[id] else { return }
    slices[id] = nil
    if slice.stride == shape(id)[1] { return }
    let step = CopyStep(shape(id), from: slice)
    append(step, name: graph.values[id].name, reads: [.buffer(buffer)], writes: [newBuffer(id, .channelsLast)])
  }

  /// Where the concatenation that `candidate` makes, of floats along the channels, with its channels last, is to lie: in a buffer
  /// whose pixels are `stride` floats apart, the first `placed` channels of which are there already.
  func place(_ candidate: Candidate) -> (target: Int, stride: Int, placed: Int) {
    let (shape, channels) = (shape(candidate.output), shape(candidate.output)[1])
    let stride = concatenations.channels(around: candidate.index) ?? channels
    let (begun, placed) = concatenations.begun(candidate.index)
    let target = begun ?? newBuffer(byteCount: shape.count / channels * stride * 4)
    concatenations.begin(candidate.index, target: target, channels: channels)
    channelsLastBuffer[candidate.output] = target
    if stride != channels { slices[candidate.output] = Slice(stride: stride) }
    return (target, stride, placed)
  }

  /// Notes that `step` is all that makes `id`, and could make bf16 numbers of it.
  func noteBfloat16(_ step: Bfloat16Step, of id: Graph.ValueID) { bfloat16Maker[id] = step }

  /// Has `id` kept in memory as bf16 numbers, if the next step is all that reads it and would round it to them. Returns the step
  /// that is to make them.
  func roundResult(_ id: Graph.ValueID, _ layout: Layout) -> Bfloat16Step? {
    let isPlain = layout == .plain || shape(id).layoutsAgree
    guard let maker = bfloat16Maker[id], onlyReader[id] != nil,
      let buffer = isPlain ? plainBuffer[id] : channelsLastBuffer[id]
    else { return nil }
    buffers[buffer].byteCount /= 2
    return maker
  }

  private func use(_ buffer: Int) {
    buffers[buffer].lastStep = max(buffers[buffer].lastStep, planned.count)
  }
}
