import Inference
import ModelGraph
import ONNXFormat
import Passes
import Platform

/// A model's plan, which its sessions share, and the engine behind ``Model/run(_:)``.
///
/// `@unchecked Sendable`: `lock` guards everything that changes.
final class PlanStore: @unchecked Sendable {
  private let lock: Lock
  private let bytes: ModelBytes?
  private let isOptimized: Bool
  private let options: Model.Options
  /// For the shapes that the model was opened with, or else for the first that were asked for.
  private var plan: Plan?
  /// The optimised graph of a model that was opened without shapes, until it is planned.
  private var graph: (graph: Graph, weights: DeferredBytes?)?
  private var running: Engine?

  /// - Parameter bytes: what a plan for other shapes is made from.
  init(bytes: ModelBytes?, isOptimized: Bool, _ options: Model.Options) throws(GraphError) {
    lock = try Lock()
    self.bytes = bytes
    self.isOptimized = isOptimized
    self.options = options
  }

  func keep(_ plan: Plan) { self.plan = plan }

  func keep(_ graph: Graph, _ weights: DeferredBytes?) { self.graph = (graph, weights) }

  /// An engine of the caller's own.
  func makeEngine(_ shapes: [Shape]) throws(GraphError) -> Engine {
    let shared = try lock.locked { () throws(GraphError) -> Plan in try plan(for: shapes) }
    return try Engine(shared, profile: options.measuresSteps)
  }

  func run(_ inputs: [Tensor], for ports: [Model.Port]) throws(GraphError) -> [Tensor] {
    try lock.locked { () throws(GraphError) -> [Tensor] in
      if let running { return try running.run(inputs) }
      let engine = try Engine(try plan(for: try options.planned(ports)), profile: false)
      running = engine
      return try engine.run(inputs)
    }
  }

  /// Reads the graph again from the file. Throws E213 for a model without a file.
  func graphAgain() throws(GraphError) -> Graph {
    guard let bytes else { throw GraphError(.badInput, "this model was not opened from a file or from memory") }
    return try ONNXFile.open(bytes, limits: options.limits).graph
  }

  private func plan(for shapes: [Shape]) throws(GraphError) -> Plan {
    if let plan, plan.inputShapes == shapes { return plan }
    if case let (unplanned, weights)? = graph {
      graph = nil
      let first = try Plan(unplanned, weights, shapes, options)
      plan = first
      return first
    }
    guard let bytes else { throw GraphError(.badInput, "this model is planned for one shape only") }
    var (graph, weights) = try ONNXFile.open(bytes, limits: options.limits)
    if !isOptimized { _ = try PassPipeline.optimize(&graph, limits: options.limits) }
    let other = try Plan(consume graph, weights, shapes, options)
    // A first plan that failed leaves its place to this one.
    if plan == nil { plan = other }
    return other
  }
}

extension Plan {
  /// Plans a model's graph. Throws E101 if `weights` could not be read from their file while they were packed.
  convenience init(
    _ graph: consuming Graph, _ weights: DeferredBytes?, _ shapes: [Shape], _ options: Model.Options
  ) throws(GraphError) {
    try self.init(consume graph, inputShapes: shapes, options: options.engine)
    try weights?.check()
  }
}

/// Lets one thread at a time through.
private final class Lock: @unchecked Sendable {
  private let semaphore: UnsafeMutableRawPointer

  init() throws(GraphError) {
    guard let semaphore = platform_semaphore_create(1) else { throw GraphError(.tooLarge, "no memory for a lock") }
    self.semaphore = semaphore
  }

  deinit { platform_semaphore_destroy(semaphore) }

  func locked<Result>(_ body: () throws(GraphError) -> Result) throws(GraphError) -> Result {
    platform_semaphore_wait(semaphore)
    defer { platform_semaphore_post(semaphore) }
    return try body()
  }
}
