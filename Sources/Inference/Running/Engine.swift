import Kernels
import ModelGraph
import Platform

/// A planned graph, ready to run as often as one likes. One thread at a time may use it.
///
/// Planning thinks and allocates: kernel, layout and buffer of every step, weights packed for their kernels and the
/// originals let go of. Running does neither. Call `PassPipeline.optimize` on the graph first.
public final class Engine {
  /// One step, for profiles.
  public struct StepDescription: Sendable {
    /// The node's name.
    public let name: String
    /// `f32_igemm_6x16_avx2`, …; `reference` is the operator's plain definition.
    public let kernel: String
    public let multiplyAdds: Int
    /// All seconds spent in it since the engine was made.
    public var seconds: Double
  }

  /// Where a graph output comes from.
  private enum Output {
    case memory(offset: Int)
    case constant(Tensor)
  }

  /// What the graph wants and gives, in ONNX's order.
  public let inputNames: [String]
  public let inputShapes: [Shape]
  public let outputNames: [String]
  public let outputShapes: [Shape]
  /// Threads that share a run.
  public var threads: Int { workers.count }
  /// Bytes of packed weights, and of activations with the threads' scratch.
  public var weightBytes: Int { weights.reduce(0) { $0 + $1.byteCount } }
  public var activationBytes: Int { values.byteCount }

  private let inputTypes: [ElementType]
  private let outputTypes: [ElementType]
  private let outputs: [Output]
  private let facts: [ReferenceFact]
  private let steps: [Step]
  private let references: [ReferenceStep]
  private let inputPatches: [InputPatch]
  private let contexts: KernelContexts
  private let values: MemoryBlock
  private let weights: [MemoryBlock]
  private let kept: [Tensor]
  private let workers: Workers
  private var descriptions: [StepDescription] = []
  private let isProfiling: Bool

  /// - Parameter inputShapes: the shapes to plan for, in the order of the graph's inputs; nil takes the declarations,
  ///   symbols as 1.
  /// - Throws: what the graph's shape rules throw; E212 where memory runs out, or it would take more than
  ///   ``EngineOptions/limits`` allow.
  public init(
    _ graph: consuming Graph, inputShapes: [Shape]? = nil, options: EngineOptions = EngineOptions()
  ) throws(GraphError) {
    var graph = graph
    if let inputShapes, inputShapes.count != graph.inputs.count {
      throw GraphError(.badInput, "the model has \(graph.inputs.count) inputs; \(inputShapes.count) shapes were given")
    }
    var facts = try Engine.completeFacts(graph, inputShapes)
    // From here on every constant has one owner, so that packing it can be the end of it. The planner sees small ones, and zero
    // points for each channel.
    var constants: [Tensor?] = []
    var weightBytes = 0
    for id in facts.indices {
      constants.append(facts[id].constant)
      weightBytes += graph.values[id].constant?.byteCount ?? 0
      graph.values[id].constant = nil
      let isZeroPoints = facts[id].shape.rank == 1 && (facts[id].type == .int8 || facts[id].type == .uint8)
      if facts[id].shape.count > 64 && !isZeroPoints { facts[id].constant = nil }
    }
    workers = Workers(threads: options.threads)
    var options = options
    options.threads = workers.count
    var planner = Planner(
      graph, facts, isConstant: constants.map { $0 != nil }, isa: kernels_level_in_use(), options: options)
    let operands = try planner.plan()
    let budget = Binder.Budget(
      limits: options.limits, batch: Engine.batch(graph, inputShapes), weightBytes: weightBytes)
    let binder = try Binder(
      planner.drafts, planner.buffers, consume constants, outputs: operands, nodes: graph.nodes, workers: workers,
      budget: budget)
    var outputs: [Output] = []
    for (id, operand) in zip(graph.outputs, operands) {
      let missing = GraphError(.noOutput, "output '\(graph.values[id].name)' is produced by no node")
      switch operand {
      case .buffer(let buffer): outputs.append(.memory(offset: binder.offset(ofBuffer: buffer)))
      case .constant(let id):
        guard let tensor = binder.constant(id) else { throw missing }
        outputs.append(.constant(tensor))
      case .input, .none: throw missing
      }
    }
    self.outputs = outputs
    inputNames = graph.inputs.map { graph.values[$0].name }
    self.inputShapes = graph.inputs.map { facts[$0].shape }
    inputTypes = graph.inputs.map { facts[$0].type }
    outputNames = graph.outputs.map { graph.values[$0].name }
    outputShapes = graph.outputs.map { facts[$0].shape }
    outputTypes = graph.outputs.map { facts[$0].type }
    self.facts = facts.map { ReferenceFact(type: $0.type, shape: $0.shape) }
    steps = binder.steps
    references = binder.references
    inputPatches = binder.inputs
    contexts = binder.contexts
    values = binder.values
    weights = binder.weights
    kept = binder.kept
    isProfiling = options.profile
    for draft in planner.drafts {
      descriptions.append(
        StepDescription(name: draft.name, kernel: draft.kernel, multiplyAdds: draft.multiplyAdds, seconds: 0))
    }
  }

  /// The instruction set that the kernels use: `portable`, `avx2`, `avx512`, `neon`. The environment variable
  /// `GIEMSA_ISA` steps it down.
  public static var instructionSet: String { String(cString: kernels_level_name(kernels_level_base(kernels_level_in_use()))) }

  /// What this processor offers, for `--version`: `avx2 fma`, `neon dotprod`, …
  public static var processorFeatures: String { String(cString: kernels_cpu_features()) }

  /// Processors that this process may use.
  public static var processorCount: Int { Int(platform_processor_count()) }

  /// The steps in order, with the time spent in each if ``EngineOptions/profile`` was set.
  public var profile: [StepDescription] { descriptions }

  /// Runs the graph. Tensors as ONNX has them (NCHW), in the order of the graph's inputs and outputs. Allocates the
  /// results; ``run(_:into:)`` does not.
  public func run(_ inputs: [Tensor]) throws(GraphError) -> [Tensor] {
    var results: [Tensor] = []
    for index in outputs.indices {
      if case .constant(let tensor) = outputs[index] {
        results.append(tensor)
      } else {
        results.append(try Tensor(zeros: outputShapes[index], type: outputTypes[index]))
      }
    }
    try run(inputs, into: &results)
    return results
  }

  /// The same into tensors of the outputs' types and shapes, as an earlier run returned them. Allocates nothing unless
  /// the graph has a step without a kernel.
  public func run(_ inputs: [Tensor], into results: inout [Tensor]) throws(GraphError) {
    try check(inputs)
    for patch in inputPatches { patch.apply(inputs[patch.input].withBytes { $0.baseAddress }) }
    for index in steps.indices {
      let step = steps[index]
      let start = isProfiling ? platform_seconds() : 0
      if let first = step.first { workers.run(first.count, first.task, step.context) }
      if let task = step.task {
        workers.run(step.count, task, step.context)
      } else {
        try references[step.count].run(values, facts)
      }
      if isProfiling { descriptions[index].seconds += platform_seconds() - start }
    }
    withExtendedLifetime(inputs) {}
    guard results.count == outputs.count else {
      throw GraphError(.badInput, "the model has \(outputs.count) outputs; room for \(results.count) was given")
    }
    for index in outputs.indices {
      guard results[index].shape == outputShapes[index], results[index].type == outputTypes[index] else {
        throw GraphError(
          .badInput, "output '\(outputNames[index])' is \(outputShapes[index]), not \(results[index].shape)")
      }
      if case .memory(let offset) = outputs[index] {
        results[index].withMutableBytes { target in
          target.copyMemory(from: UnsafeRawBufferPointer(start: values.base + offset, count: target.count))
        }
      }
    }
  }

  private func check(_ inputs: [Tensor]) throws(GraphError) {
    guard inputs.count == inputShapes.count else {
      throw GraphError(.badInput, "the model has \(inputShapes.count) inputs; \(inputs.count) were given")
    }
    for index in inputs.indices {
      guard inputs[index].shape == inputShapes[index], inputs[index].type == inputTypes[index] else {
        throw GraphError(
          .badInput,
          "input '\(inputNames[index])' is \(inputs[index].type.name) \(inputs[index].shape); "
            + "this plan wants \(inputTypes[index].name) \(inputShapes[index])")
      }
    }
  }

  /// Pictures at once, where the caller chose how many: what a file itself asks for counts as one.
  private static func batch(_ graph: borrowing Graph, _ shapes: [Shape]?) -> Int {
    var batch = 1
    for (id, shape) in zip(graph.inputs, shapes ?? []) {
      if case .symbol? = graph.values[id].declaration?.dimensions.first, let first = shape.extents.first {
        batch = max(batch, first)
      }
    }
    return batch
  }

  /// The facts of every value; values that nothing makes and nobody reads get an empty one.
  private static func completeFacts(_ graph: borrowing Graph, _ shapes: [Shape]?) throws(GraphError) -> [Fact] {
    var facts: [Fact] = []
    for fact in try graph.infer(shapes) { facts.append(fact ?? Fact(.float32, [0])) }
    return facts
  }
}
