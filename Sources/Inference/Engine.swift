import Kernels
import ModelGraph
import Platform
import Text

// Inference: runs a graph for its answers, on the CPU, as fast as the kernels allow.
//
// It refuses to learn (`Training`), to read files (`ONNXFormat`) and to improve graphs (`Passes`: call
// `PassPipeline.optimize` first). `Planning` chooses steps, layouts and buffers and may allocate; `Steps` has a file
// for each kernel; `Running` has memory, threads and this engine's calls, and allocates nothing while it runs. Go on
// with `Plan`, then `Planner`, then any file in `Steps`.

/// Runs a plan as often as one likes, one thread at a time.
///
/// Several engines can share a plan: make each of them with ``init(_:profile:)``, and use each in a thread of its own.
public final class Engine {
  /// One step, for profiles.
  public struct StepDescription: Sendable {
    /// The node's name.
    public let name: String
    /// `f32_igemm_6x16_avx2`, …; `reference` is the operator's plain definition.
    public let kernel: String
    public let multiplyAdds: Int
    /// All seconds spent in the step since the engine was made.
    public var seconds: Double
  }

  public let plan: Plan
  private let workers: Workers
  private let memory: MemoryBlock
  private let contexts: KernelContexts
  private let calls: [StepCall]
  private let patches: [InputPatch]
  private var descriptions: [StepDescription] = []
  private let isProfiling: Bool
  private let outputPatches: [OutputPatch]
  /// By graph output: whether a step writes it where the caller has it.
  private var isDirect: [Bool]

  /// Plans `graph` and makes the first engine of the plan.
  ///
  /// - Parameter inputShapes: the shapes to plan for, in the order of the graph's inputs; nil takes the declarations,
  ///   symbols as 1.
  /// - Throws: the errors of ``Plan/init(_:inputShapes:options:)``.
  public convenience init(
    _ graph: consuming Graph, inputShapes: [Shape]? = nil, options: EngineOptions = EngineOptions()
  ) throws(GraphError) {
    let workers = Workers(threads: options.threads)
    try self.init(try Plan(graph, inputShapes, options, workers), workers, options.profile)
  }

  /// Another engine of a plan: it shares the packed weights, and has activation memory and threads of its own.
  ///
  /// - Parameter profile: measure every step (``profile``).
  /// - Throws: E212 if the system has no memory left.
  public convenience init(_ plan: Plan, profile: Bool = false) throws(GraphError) {
    try self.init(plan, Workers(threads: plan.threads), profile)
  }

  private init(_ plan: Plan, _ workers: Workers, _ profile: Bool) throws(GraphError) {
    self.plan = plan
    self.workers = workers
    memory = try MemoryBlock.allocate(plan.memory.byteCount(threads: workers.count), for: "activations")
    let binder = Binder(plan, memory, threads: workers.count)
    for planned in plan.steps {
      binder.bind(planned)
      descriptions.append(
        StepDescription(
          name: planned.name, kernel: planned.step.kernel, multiplyAdds: planned.multiplyAdds, seconds: 0))
    }
    if let late = plan.late {
      let count = late.graph.nodes.count
      descriptions.append(
        StepDescription(
          name: "\(count) node\(count == 1 ? "" : "s") of shapes that only a run finds", kernel: "reference",
          multiplyAdds: 0, seconds: 0))
    }
    contexts = binder.contexts
    calls = binder.calls
    patches = binder.patches
    outputPatches = binder.outputPatches
    isDirect = [Bool](repeating: false, count: plan.outputs.count)
    for patch in binder.outputPatches { isDirect[patch.output] = true }
    isProfiling = profile
  }

  // MARK: Asking

  /// The graph's inputs and outputs, in ONNX's order.
  public var inputNames: [String] { plan.inputNames }
  public var inputShapes: [Shape] { plan.inputShapes }
  public var outputNames: [String] { plan.outputNames }
  /// nil: a shape that only a run finds.
  public var outputShapes: [Shape?] { plan.outputShapes }
  /// Threads that share a run.
  public var threads: Int { workers.count }
  /// Bytes of packed weights, which engines of one plan share.
  public var weightBytes: Int { plan.weightBytes }
  /// Bytes of activations and scratch.
  public var activationBytes: Int { memory.byteCount }
  /// Bytes in memory during a run, besides the caller's: weights, constants, activations and scratch, and what steps
  /// allocate. A page of the activations that no step writes to, since an output goes to the caller, takes no memory.
  public var touchedBytes: Int {
    var unused: [Int] = []
    for output in isDirect.indices where isDirect[output] {
      if let buffer = plan.soleBuffer(ofOutput: output) { unused.append(buffer) }
    }
    let activations = plan.memory.touchedBytes(threads: workers.count, unused: unused) + plan.memory.runBytes
    return plan.weightBytes + plan.constantBytes + activations
  }

  /// The steps in order, with the time spent in each if the engine was made to measure it.
  public var profile: [StepDescription] { descriptions }

  /// The instruction set of the float kernels: `portable`, `avx2`, `avx512`, `neon`. The environment variable
  /// `GIEMSA_ISA` lowers it.
  public static var instructionSet: String {
    String(cString: kernels_level_name(kernels_level_base(kernels_level_in_use())))
  }

  /// The instructions of this processor that kernels can use, for `--version`: `avx2 fma`, `neon dotprod`, …
  public static var processorFeatures: String { String(cString: kernels_cpu_features()) }

  /// Processors that this process may use.
  public static var processorCount: Int { Int(platform_processor_count()) }

  // MARK: Running

  /// Runs the graph. Tensors are as in ONNX (NCHW), in the order of the graph's inputs and outputs. Allocates the
  /// results; ``run(_:into:)`` does not.
  public func run(_ inputs: [Tensor]) throws(GraphError) -> [Tensor] {
    var results: [Tensor] = []
    for index in plan.outputs.indices {
      results.append(try Tensor(zeros: plan.outputShapes[index] ?? [0], type: plan.outputTypes[index]))
    }
    try run(inputs, into: &results)
    return results
  }

  /// Runs the graph into tensors of the outputs' types and shapes, as an earlier run returned them. Allocates nothing,
  /// unless the graph has a step without a kernel. An output whose shape only a run finds is a new tensor each time.
  public func run(_ inputs: [Tensor], into results: inout [Tensor]) throws(GraphError) {
    try check(inputs)
    try checkRoom(results)
    // By index: without optimisation an iterator allocates.
    for index in outputPatches.indices {
      let patch = outputPatches[index]
      results[patch.output].withMutableBytes { patch.set(patch.parameters, $0.baseAddress) }
    }
    for index in patches.indices {
      let patch = patches[index]
      patch.set(patch.parameters, inputs[patch.input].withBytes { $0.baseAddress })
    }
    for index in calls.indices {
      let start = isProfiling ? platform_seconds() : 0
      switch calls[index] {
      case .kernel(let call):
        if let first = call.first { workers.run(first.tasks, first.task, call.parameters) }
        workers.run(call.tasks, call.task, call.parameters)
      case .definition(let evaluation): try evaluation.run()
      }
      if isProfiling { descriptions[index].seconds += platform_seconds() - start }
    }
    withExtendedLifetime(inputs) {}
    for index in results.indices where !isDirect[index] && plan.outputShapes[index] != nil {
      copy(plan.outputs[index], to: &results[index])
    }
    if let late = plan.late { try run(late, into: &results) }
  }

  private func checkRoom(_ results: [Tensor]) throws(GraphError) {
    guard results.count == plan.outputs.count else {
      throw GraphError(.badInput, "the model has \(plan.outputs.count) outputs; room for \(results.count) was given")
    }
    for index in results.indices {
      guard let shape = plan.outputShapes[index] else { continue }
      guard results[index].shape == shape, results[index].type == plan.outputTypes[index] else {
        throw GraphError(
          .badInput, "output '\(plan.outputNames[index])' is \(shape), not \(results[index].shape)")
      }
    }
  }

  private func copy(_ source: Plan.Output, to tensor: inout Tensor) {
    tensor.withMutableBytes { target in
      switch source {
      case .memory(let offset):
        target.copyMemory(from: UnsafeRawBufferPointer(start: memory.base + offset, count: target.count))
      case .constant(let tensor): tensor.withBytes { target.copyMemory(from: $0) }
      case .late: return
      }
    }
  }

  private func run(_ late: Plan.LateNodes, into results: inout [Tensor]) throws(GraphError) {
    let start = isProfiling ? platform_seconds() : 0
    var feeds: [Tensor] = []
    for input in late.inputs {
      var tensor = try Tensor(zeros: input.shape, type: input.type)
      copy(input.source, to: &tensor)
      feeds.append(tensor)
    }
    let found = try late.graph.evaluate(feeds, mostBytes: late.mostBytes)
    for (index, output) in plan.outputs.enumerated() {
      guard case .late(let place) = output else { continue }
      guard found[place].type == plan.outputTypes[index] else {
        throw GraphError(
          .typeMismatch,
          "output '\(plan.outputNames[index])' is declared \(plan.outputTypes[index].name) but became "
            + found[place].type.name)
      }
      results[index] = found[place]
    }
    if isProfiling { descriptions[descriptions.count - 1].seconds += platform_seconds() - start }
  }

  private func check(_ inputs: [Tensor]) throws(GraphError) {
    guard inputs.count == plan.inputShapes.count else {
      throw .wrongInputCount(inputs.count, plan.inputShapes.count)
    }
    for index in inputs.indices {
      guard inputs[index].shape == plan.inputShapes[index], inputs[index].type == plan.inputTypes[index] else {
        throw GraphError(
          .badInput,
          "input '\(plan.inputNames[index])' is \(inputs[index].type.name) \(inputs[index].shape); "
            + "this plan wants \(plan.inputTypes[index].name) \(plan.inputShapes[index])")
      }
    }
  }
}
