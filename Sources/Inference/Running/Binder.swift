import Kernels
import ModelGraph
import Platform

/// Turns drafts into steps: gives buffers their addresses and packs weights, one tensor at a time, each read straight from
/// its file or let go of as soon as it is packed.
struct Binder {
  let contexts = KernelContexts()
  let values: MemoryBlock
  /// Packed weights: one block, and one more for each layer that needed more room than planned.
  private(set) var weights: [MemoryBlock]
  private(set) var steps: [Step] = []
  private(set) var references: [ReferenceStep] = []
  private(set) var inputs: [InputPatch] = []
  /// Constants that a step reads as they are.
  private(set) var kept: [Tensor] = []

  private let buffers: [Arena.Buffer]
  private var constants: [Tensor?]
  private let workers: Workers
  /// What a weight tensor is read into.
  private let reading: MemoryBlock
  private let scratchOffset: Int
  private let scratchBytes: Int
  private let zeroOffset: Int
  private var weightOffset = 0

  /// What a plan may take.
  struct Budget {
    let limits: Limits
    let batch: Int
    /// Of the graph's own weights.
    let weightBytes: Int
  }

  /// - Parameter constants: by value; every one that no step needs any more is dropped on the way.
  init(
    _ drafts: [Draft], _ buffers: consuming [Arena.Buffer], _ constants: consuming [Tensor?], outputs: [Operand],
    nodes: [Graph.Node], workers: Workers, budget: Budget
  ) throws(GraphError) {
    let arena = Arena(placing: &buffers)
    self.buffers = buffers
    self.workers = workers
    var uses = [Int](repeating: 0, count: constants.count)
    var (scratch, zeros, packed, longest) = (0, 0, 0, 0)
    for draft in drafts {
      for id in draft.constants(nodes) { uses[id] += 1 }
      packed += MemoryBlock.rounded(draft.packedBytes)
      scratch = max(scratch, draft.scratchBytes)
      zeros = max(zeros, draft.zeroBytes)
      if let id = draft.weights, let tensor = constants[id], tensor.isDeferred {
        longest = max(longest, tensor.byteCount)
      }
    }
    for case .constant(let id) in outputs { uses[id] += 1 }
    for id in constants.indices where uses[id] == 0 { constants[id] = nil }
    self.constants = constants

    // One block: the arena, the threads' scratch, and zeros for what lies outside a picture.
    scratchOffset = arena.byteCount
    scratchBytes = MemoryBlock.rounded(scratch)
    zeroOffset = scratchOffset + scratchBytes * workers.count
    let total = zeroOffset + MemoryBlock.rounded(zeros)
    try budget.limits.admit(bytes: total + packed, batch: budget.batch, weightBytes: budget.weightBytes)
    values = try MemoryBlock.allocate(total, for: "activations")
    (values.base + zeroOffset).initializeMemory(as: UInt8.self, repeating: 0, count: total - zeroOffset)
    weights = [try MemoryBlock.allocate(packed, for: "weights")]
    reading = try MemoryBlock.allocate(longest, for: "weights")

    for draft in drafts {
      try bind(draft, nodes)
      for id in draft.constants(nodes) {
        uses[id] -= 1
        if uses[id] == 0 { self.constants[id] = nil }
      }
    }
  }

  /// Where an operand that is no graph input lies; nil for `.none`.
  mutating func address(_ operand: Operand) -> UnsafeMutableRawPointer? {
    switch operand {
    case .buffer(let buffer): return values.base + buffers[buffer].offset
    case .constant(let id):
      guard let tensor = constants[id] else { return nil }
      kept.append(tensor)
      return tensor.withBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress) }
    case .input, .none: return nil
    }
  }

  func offset(ofBuffer buffer: Int) -> Int { buffers[buffer].offset }

  func constant(_ id: Graph.ValueID) -> Tensor? { constants[id] }

  private mutating func floats(_ operand: Operand) -> UnsafeMutablePointer<Float>? {
    address(operand)?.assumingMemoryBound(to: Float.self)
  }

  private func target(_ draft: Draft) -> UnsafeMutablePointer<Float> {
    values.floats(at: buffers[draft.writes[0]].offset)
  }

  private func place(_ draft: Draft) -> UnsafeMutableRawPointer {
    values.base + buffers[draft.writes[0]].offset
  }

  private mutating func takeWeights(_ draft: Draft) -> UnsafeMutableRawPointer {
    defer { weightOffset += MemoryBlock.rounded(draft.packedBytes) }
    return weights[0].base + weightOffset
  }

  private mutating func takeFloats(_ draft: Draft) -> UnsafeMutablePointer<Float> {
    takeWeights(draft).assumingMemoryBound(to: Float.self)
  }

  private mutating func bind(_ draft: Draft, _ nodes: [Graph.Node]) throws(GraphError) {
    switch draft.work {
    case .convolution(var work, let source):
      work.x = UnsafePointer(floats(draft.reads[0]))
      work.residual = UnsafePointer(floats(draft.reads[1]))
      work.y = target(draft)
      work.y_stride = work.out_channels
      work.zero = UnsafePointer(values.floats(at: zeroOffset))
      work.scratch = values.base + scratchOffset
      work.scratch_bytes = scratchBytes
      let packed = takeFloats(draft)
      pack(&work, source, into: packed)
      work.w = UnsafePointer(packed)
      add(f32_convolution_task, contexts.keep(work), work.tasks)
    case .winograd(var work, let source):
      work.x = UnsafePointer(floats(draft.reads[0]))
      work.residual = UnsafePointer(floats(draft.reads[1]))
      work.y = target(draft)
      work.y_stride = work.out_channels
      work.zero = UnsafePointer(values.floats(at: zeroOffset))
      work.scratch = values.base + scratchOffset
      work.scratch_bytes = scratchBytes
      let packed = takeFloats(draft)
      pack(&work, source, into: packed)
      work.w = UnsafePointer(packed)
      let first: (thread_pool_task, Int)? = work.input_tasks > 0 ? (f32_winograd_inputs_task, work.input_tasks) : nil
      add(f32_winograd_task, contexts.keep(work), work.tasks, after: first)
    case .depthwise(var work, let weights, let bias):
      work.x = UnsafePointer(floats(draft.reads[0]))
      work.residual = UnsafePointer(floats(draft.reads[1]))
      work.y = target(draft)
      let packed = takeFloats(draft)
      withWeights(weights) { weights in
        withFloats(bias) { f32_depthwise_pack(&work, weights.assumingMemoryBound(to: Float.self), $0, packed) }
      }
      work.w = UnsafePointer(packed)
      add(f32_depthwise_task, contexts.keep(work), work.tasks)
    case .pool(var work):
      work.x = UnsafePointer(floats(draft.reads[0]))
      work.y = target(draft)
      add(f32_pool_task, contexts.keep(work), work.tasks)
    case .unary(var work):
      work.x = UnsafePointer(floats(draft.reads[0]))
      work.y = target(draft)
      add(f32_unary_task, contexts.keep(work), work.tasks)
    case .binary(var work):
      work.a = UnsafePointer(floats(draft.reads[0]))
      work.b = UnsafePointer(floats(draft.reads[1]))
      work.y = target(draft)
      add(f32_binary_task, contexts.keep(work), work.tasks)
    case .affine(var work, let values):
      work.x = UnsafePointer(floats(draft.reads[0]))
      work.y = target(draft)
      let packed = takeFloats(draft)
      settle(values, channels: work.channels, into: packed)
      work.scale = UnsafePointer(packed)
      work.shift = UnsafePointer(packed + work.channels)
      add(f32_affine_task, contexts.keep(work), work.tasks)
    case .softmax(var work):
      work.x = UnsafePointer(floats(draft.reads[0]))
      work.y = target(draft)
      add(f32_softmax_task, contexts.keep(work), work.rows)
    case .transpose(var work):
      work.x = UnsafePointer(floats(draft.reads[0]))
      work.y = target(draft)
      let context = contexts.keep(work)
      if case .input(let index) = draft.reads[0] {
        inputs.append(InputPatch(input: index, target: .transpose(context)))
      }
      add(f32_transpose_task, context, work.tasks)
    case .copy(var work, let yOffset):
      work.x = UnsafeRawPointer(address(draft.reads[0]))
      work.y = values.base + buffers[draft.writes[0]].offset + yOffset
      let context = contexts.keep(work)
      if case .input(let index) = draft.reads[0] { inputs.append(InputPatch(input: index, target: .copy(context))) }
      add(rows_copy_task, context, work.tasks)
    case .quantizedConvolution(var work, let source):
      work.x = UnsafeRawPointer(address(draft.reads[0]))
      work.residual = UnsafeRawPointer(address(draft.reads[1]))
      work.y = place(draft)
      work.y_stride = work.out_channels
      work.scratch = values.base + scratchOffset
      work.scratch_bytes = scratchBytes
      work.w = UnsafeRawPointer(try pack(&work, source, into: takeWeights(draft)))
      add(q8_convolution_task, contexts.keep(work), work.tasks)
    case .quantizedWinograd(var work, let source):
      work.convolution.x = UnsafeRawPointer(address(draft.reads[0]))
      work.convolution.residual = UnsafeRawPointer(address(draft.reads[1]))
      work.convolution.y = place(draft)
      work.convolution.y_stride = work.convolution.out_channels
      work.convolution.scratch = values.base + scratchOffset
      work.scratch_bytes = scratchBytes
      let packed = takeWeights(draft)
      pack(&work, source, into: packed)
      work.convolution.w = UnsafeRawPointer(packed)
      add(q8_winograd_task, contexts.keep(work), work.tasks)
    case .quantizedAdd(var work):
      work.a = UnsafeRawPointer(address(draft.reads[0]))
      work.b = UnsafeRawPointer(address(draft.reads[1]))
      work.y = place(draft)
      add(q8_add_task, contexts.keep(work), work.tasks)
    case .quantizedPool(var work):
      work.x = UnsafeRawPointer(address(draft.reads[0]))
      work.y = place(draft)
      add(q8_pool_task, contexts.keep(work), work.tasks)
    case .quantize(var work):
      work.x = UnsafePointer(floats(draft.reads[0]))
      work.y = place(draft)
      let context = contexts.keep(work)
      if case .input(let index) = draft.reads[0] { inputs.append(InputPatch(input: index, target: .quantize(context))) }
      add(q8_quantize_task, context, work.tasks)
    case .dequantize(var work):
      work.x = UnsafeRawPointer(address(draft.reads[0]))
      work.y = target(draft)
      add(q8_dequantize_task, contexts.keep(work), work.tasks)
    case .bytesTranspose(var work):
      work.x = UnsafeRawPointer(address(draft.reads[0]))
      work.y = place(draft)
      let context = contexts.keep(work)
      if case .input(let index) = draft.reads[0] {
        inputs.append(InputPatch(input: index, target: .bytesTranspose(context)))
      }
      add(bytes_transpose_task, context, work.batch)
    case .reference(let node):
      var operands: [ReferenceStep.Argument] = []
      for operand in draft.reads {
        switch operand {
        case .buffer(let buffer): operands.append(.memory(offset: buffers[buffer].offset))
        case .constant(let id): operands.append(.constant(constants[id]))
        case .input, .none: operands.append(.constant(nil))
        }
      }
      let offsets = draft.writes.map { $0 < 0 ? -1 : buffers[$0].offset }
      steps.append(Step(task: nil, context: values.base, count: references.count))
      references.append(ReferenceStep(node: nodes[node], arguments: operands, resultOffsets: offsets))
    }
  }

  private mutating func add<Context>(
    _ task: thread_pool_task, _ context: UnsafeMutablePointer<Context>, _ count: Int,
    after first: (task: thread_pool_task, count: Int)? = nil
  ) {
    steps.append(Step(task: task, context: UnsafeMutableRawPointer(context), count: count, first: first))
  }

  // MARK: Packing

  /// The bytes of a layer's weights; those that are still in their file come into ``reading``, for as long as that.
  func withWeights(_ id: Graph.ValueID, _ body: (UnsafeRawPointer) -> Void) {
    guard let tensor = constants[id] else { return }
    if tensor.isDeferred {
      tensor.copyBytes(to: reading.base)
      body(reading.base)
    } else {
      tensor.withBytes { if let base = $0.baseAddress { body(base) } }
    }
  }

  private func withFloats(_ id: Graph.ValueID?, _ body: (UnsafePointer<Float>?) -> Void) {
    guard let id, let tensor = constants[id] else { return body(nil) }
    tensor.withElements(Float.self) { body($0.baseAddress) }
  }

  /// Another block of weights.
  mutating func addWeights(_ byteCount: Int) throws(GraphError) -> UnsafeMutableRawPointer {
    let region = try MemoryBlock.allocate(byteCount, for: "weights")
    weights.append(region)
    return region.base
  }

  /// Calls a task of C's for each index below `count`, on all threads.
  func inParallel<Context: BitwiseCopyable>(_ count: Int, _ task: thread_pool_task, _ context: Context) {
    var context = context
    withUnsafeMutablePointer(to: &context) { workers.run(count, task, UnsafeMutableRawPointer($0)) }
  }

  private func pack(
    _ work: inout f32_convolution, _ source: ConvolutionWeights, into packed: UnsafeMutablePointer<Float>
  ) {
    let layout = source.layout ?? f32_convolution_layout(&work)
    // A bias that must be scaled is scaled in a copy: it is short.
    var scaled: [Float]?
    if source.biasScale != 1, let id = source.bias, let bias = constants[id] {
      scaled = bias.array(of: Float.self).map { $0 * source.biasScale }
    }
    withWeights(source.weights) { bytes in
      let weights = bytes.assumingMemoryBound(to: Float.self)
      if let scaled {
        scaled.withUnsafeBufferPointer {
          f32_convolution_pack(&work, weights, layout, $0.baseAddress, source.scale, packed)
        }
      } else {
        withFloats(source.bias) { f32_convolution_pack(&work, weights, layout, $0, source.scale, packed) }
      }
    }
  }

  private func pack(
    _ work: inout f32_winograd, _ source: ConvolutionWeights, into packed: UnsafeMutablePointer<Float>
  ) {
    withWeights(source.weights) { weights in
      withFloats(source.bias) { bias in
        withUnsafePointer(to: &work) {
          inParallel(
            f32_winograd_panels($0), f32_winograd_pack_task,
            f32_winograd_packing(
              winograd: $0, w: weights.assumingMemoryBound(to: Float.self), bias: bias, packed: packed))
        }
      }
    }
  }

  /// scale · γ/√(σ²+ε) and shift β − μ · that, for each channel.
  private func settle(
    _ norm: BatchNormalizationValues, channels: Int, into packed: UnsafeMutablePointer<Float>
  ) {
    guard let scale = constants[norm.scale], let bias = constants[norm.bias], let mean = constants[norm.mean],
      let variance = constants[norm.variance]
    else { return }
    let (scales, biases) = (scale.array(of: Float.self), bias.array(of: Float.self))
    let (means, variances) = (mean.array(of: Float.self), variance.array(of: Float.self))
    for channel in 0..<channels {
      let factor = Double(scales[channel]) / (Double(variances[channel]) + Double(norm.epsilon)).squareRoot()
      packed[channel] = Float(factor)
      packed[channels + channel] = Float(Double(biases[channel]) - Double(means[channel]) * factor)
    }
  }
}

extension Draft {
  /// Bytes of packed weights.
  var packedBytes: Int {
    switch work {
    case .convolution(let work, _): work.packed_count * 4
    case .winograd(let work, _): work.packed_count * 4
    case .depthwise(let work, _, _):
      (1 + work.window.kernel_height * work.window.kernel_width) * work.window.channels * 4
    case .affine(let work, _): 2 * work.channels * 4
    case .quantizedConvolution(let work, _): work.packed_bytes
    case .quantizedWinograd(let work, _): work.packed_bytes
    default: 0
    }
  }

  /// Bytes that each thread wants for itself.
  var scratchBytes: Int {
    switch work {
    case .convolution(let work, _): work.scratch_bytes
    case .winograd(let work, _): work.scratch_bytes
    case .quantizedConvolution(let work, _): work.scratch_bytes
    case .quantizedWinograd(let work, _): work.scratch_bytes
    default: 0
    }
  }

  /// Bytes of zeros that it reads in the place of pixels outside the picture.
  var zeroBytes: Int {
    switch work {
    case .convolution(let work, _): work.zero_count * 4
    case .winograd(let work, _): work.zero_count * 4
    default: 0
    }
  }

  /// The constant that is packed.
  var weights: Graph.ValueID? {
    switch work {
    case .convolution(_, let source), .winograd(_, let source): source.weights
    case .depthwise(_, let weights, _): weights
    case .quantizedConvolution(_, let source), .quantizedWinograd(_, let source): source.weights
    default: nil
    }
  }

  /// The constants it is made of, each as often as it is used.
  func constants(_ nodes: [Graph.Node]) -> [Graph.ValueID] {
    var constants: [Graph.ValueID] = []
    for case .constant(let id) in reads { constants.append(id) }
    switch work {
    case .convolution(_, let source), .winograd(_, let source):
      constants.append(source.weights)
      if let bias = source.bias { constants.append(bias) }
    case .depthwise(_, let weights, let bias):
      constants.append(weights)
      if let bias { constants.append(bias) }
    case .quantizedConvolution(_, let source), .quantizedWinograd(_, let source):
      constants += [source.weights, source.scales]
      constants += [source.zeros, source.bias].compactMap { $0 }
    case .affine(_, let norm): constants += [norm.scale, norm.bias, norm.mean, norm.variance]
    default: break
    }
    return constants
  }
}
