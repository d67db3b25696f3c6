import Kernels
import ModelGraph
import Text

/// A graph planned for certain input shapes: the steps in order, the place of every value, and all weights packed.
///
/// A plan does not change once it is made. Any number of engines, each in its own thread, can run it at the same time:
/// they share its weights, and each has activation memory of its own.
public final class Plan: @unchecked Sendable {
  /// Where a graph output comes from.
  enum Output {
    case memory(offset: Int)
    case constant(Tensor)
    /// An output of ``Plan/late``.
    case late(Int)
  }

  /// The nodes whose shapes only a run finds: they run by their definitions when all steps are done.
  struct LateNodes {
    let graph: Graph
    /// A source for each of the graph's inputs.
    let inputs: [(source: Output, type: ElementType, shape: Shape)]
    /// Bytes that their results may take at one time.
    let mostBytes: Int
  }

  /// The graph's inputs and outputs, in ONNX's order.
  public let inputNames: [String]
  public let inputShapes: [Shape]
  public let inputTypes: [ElementType]
  public let outputNames: [String]
  /// nil: a shape that only a run finds.
  public let outputShapes: [Shape?]
  public let outputTypes: [ElementType]
  /// Threads that the work of each step is divided for.
  public let threads: Int
  /// Bytes of packed weights.
  public var weightBytes: Int { weights.reduce(0) { $0 + $1.byteCount } }

  /// Bytes of weights and constants at the peak of packing.
  public let packingBytes: Int

  let steps: [PlannedStep]
  let memory: MemoryPlan
  let outputs: [Output]
  let late: LateNodes?
  /// By value: those that steps read as they are.
  let constants: [Tensor?]
  private let weights: [MemoryBlock]
  /// By graph output: its buffer, if one step writes it and nothing reads it; that step may write elsewhere.
  private let soleBuffers: [Int?]

  /// - Parameter inputShapes: the shapes to plan for, in the order of the graph's inputs; nil takes the declarations,
  ///   symbols as 1.
  /// - Throws: the errors of the graph's shape rules; E212 if the system has no memory left, or if running would take
  ///   more than ``EngineOptions/limits`` allow.
  public convenience init(
    _ graph: consuming Graph, inputShapes: [Shape]? = nil, options: EngineOptions = EngineOptions()
  ) throws(GraphError) {
    try self.init(graph, inputShapes, options, Workers(threads: options.threads))
  }

  /// - Parameter workers: pack the weights; the plan is for as many threads.
  init(
    _ graph: consuming Graph, _ inputShapes: [Shape]?, _ options: EngineOptions, _ workers: Workers
  ) throws(GraphError) {
    var graph = graph
    if let inputShapes, inputShapes.count != graph.inputs.count {
      throw .wrongInputCount(inputShapes.count, graph.inputs.count, "shapes ")
    }
    let outputIDs = graph.outputs
    let (known, isLate) = try graph.inferEarly(inputShapes)
    let knownOutputs = outputIDs.map { known[$0].map { (type: $0.type, shape: $0.shape) } }
    // Inputs and outputs are the caller's, but a file may declare any, read none of them, and return one value often.
    let callerBytes = (graph.inputs + outputIDs).reduce(0) { $0 + (known[$1]?.byteCount ?? 0) }
    // An empty shape for a late value, and for one without producer and readers.
    var facts = (consume known).map { $0 ?? Fact(.float32, [0]) }
    let lateGraph = isLate.contains(true) ? graph.splitOff(late: isLate) : nil
    // From here on every constant has one owner, so that packing it can release it. The planner sees small constants,
    // and the zero points of channels.
    var constants: [Tensor?] = []
    var originalBytes = 0
    for id in facts.indices {
      constants.append(facts[id].constant)
      originalBytes += graph.values[id].constant?.byteCount ?? 0
      graph.values[id].constant = nil
      let isZeroPoints = facts[id].shape.rank == 1 && (facts[id].type == .int8 || facts[id].type == .uint8)
      if facts[id].shape.count > 64 && !isZeroPoints { facts[id].constant = nil }
    }
    var options = options
    options.threads = workers.count
    threads = workers.count
    let planner = Planner(graph, facts, isConstant: constants.map { $0 != nil }, options: options)
    let operands = try planner.plan()
    steps = planner.planned
    memory = MemoryPlan(planner.buffers, steps)
    let packedBytes = steps.reduce(0) { $0 + MemoryBlock.rounded($1.step.needs.packedBytes) }
    let bytes = memory.byteCount(threads: threads) + packedBytes + callerBytes
    let batch = Plan.batch(graph, inputShapes)
    try options.limits.admit(bytes: bytes, batch: batch, weightBytes: originalBytes)

    let packer = try Packer(steps, consume constants, outputs: operands, workers: workers)
    for planned in steps { try packer.pack(planned.step) }
    packer.readConstants()
    weights = packer.blocks
    packingBytes = packer.mostBytes
    self.constants = packer.constants

    soleBuffers = lateGraph == nil ? operands.map { Plan.soleBuffer($0, operands, planner.planned) } : []
    var sources: [Output] = []
    for (id, operand) in zip(graph.outputs, operands) {
      let missing = GraphError.undefinedOutput(graph.values[id].name)
      switch operand {
      case .buffer(let buffer): sources.append(.memory(offset: memory.offset(ofBuffer: buffer)))
      case .constant(let id):
        guard let tensor = self.constants[id] else { throw missing }
        sources.append(.constant(tensor))
      case .input, .none: throw missing
      }
    }
    inputNames = graph.inputs.map { graph.values[$0].name }
    self.inputShapes = graph.inputs.map { facts[$0].shape }
    inputTypes = graph.inputs.map { facts[$0].type }
    outputNames = outputIDs.map { graph.values[$0].name }
    outputShapes = knownOutputs.map { $0?.shape }

    var outputs: [Output] = []
    var types: [ElementType] = []
    var lateCount = 0
    for (id, known) in zip(outputIDs, knownOutputs) {
      if let type = known?.type {
        outputs.append(sources[outputs.count - lateCount])
        types.append(type)
      } else {
        outputs.append(.late(lateCount))
        types.append(try graph.lateOutputType(id))
        lateCount += 1
      }
    }
    self.outputs = outputs
    outputTypes = types
    late = lateGraph.map { late in
      // Deferred weights are read now, so that threads can share them.
      for case let tensor? in late.values.map({ $0.constant }) { tensor.withBytes { _ in } }
      let crossing = (outputIDs.count - lateCount)..<sources.count
      return LateNodes(
        graph: late,
        inputs: crossing.map { (sources[$0], facts[graph.outputs[$0]].type, facts[graph.outputs[$0]].shape) },
        mostBytes: options.limits.room(batch: batch, weightBytes: originalBytes) - bytes)
    }
  }

  /// Bytes of constants that steps read as they are, or that are outputs.
  var constantBytes: Int { constants.reduce(0) { $0 + ($1?.byteCount ?? 0) } }

  /// The buffer of a graph output, if one step writes it and nothing reads it.
  func soleBuffer(ofOutput output: Int) -> Int? { soleBuffers.isEmpty ? nil : soleBuffers[output] }

  /// The graph output that the buffer is for, if nothing else uses it.
  func soleOutput(inBuffer buffer: Int) -> Int? { soleBuffers.firstIndex { $0 == buffer } }

  private static func soleBuffer(_ operand: Operand, _ outputs: [Operand], _ steps: [PlannedStep]) -> Int? {
    func isBuffer(_ other: Operand, _ buffer: Int) -> Bool { if case .buffer(buffer) = other { true } else { false } }
    guard case .buffer(let buffer) = operand, outputs.count(where: { isBuffer($0, buffer) }) == 1 else { return nil }
    var writers = 0
    for step in steps {
      if step.reads.contains(where: { isBuffer($0, buffer) }) { return nil }
      writers += step.writes.count { $0 == buffer }
    }
    return writers == 1 ? buffer : nil
  }

  /// Pictures at once, as far as the caller chose it: a batch that is fixed in the file counts as one.
  private static func batch(_ graph: borrowing Graph, _ shapes: [Shape]?) -> Int {
    var batch = 1
    for (id, shape) in zip(graph.inputs, shapes ?? []) {
      if case .symbol? = graph.values[id].declaration?.dimensions.first, let first = shape.extents.first {
        batch = max(batch, first)
      }
    }
    return batch
  }
}
