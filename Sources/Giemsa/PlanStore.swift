import Inference
import ModelGraph
import ONNXFormat
import Passes
import Platform

/// The plans of a model that belong to no session.
///
/// `@unchecked Sendable`: `lock` guards everything that changes.
final class PlanStore: @unchecked Sendable {
  private let lock: Lock
  private let bytes: ModelBytes?
  private let isOptimized: Bool
  private let options: Model.Options
  /// The plan that opening the model made, until a session takes it.
  private var engine: Engine?
  /// The optimised graph of a model that was opened without shapes, until it is planned.
  private var graph: (graph: Graph, weights: DeferredBytes?)?
  /// The plan behind ``Model/run(_:)``.
  private var running: Engine?

  /// - Parameter bytes: what a plan for other shapes is made from.
  init(bytes: ModelBytes?, isOptimized: Bool, _ options: Model.Options) throws(GraphError) {
    lock = try Lock()
    self.bytes = bytes
    self.isOptimized = isOptimized
    self.options = options
  }

  func keep(_ engine: Engine) { self.engine = engine }

  func keep(_ graph: Graph, _ weights: DeferredBytes?) { self.graph = (graph, weights) }

  /// An engine of the caller's own.
  func plan(_ shapes: [Shape]) throws(GraphError) -> Engine {
    try lock.locked { () throws(GraphError) in try makePlan(shapes) }
  }

  func run(_ inputs: [Tensor], for inputPorts: [Model.Port]) throws(GraphError) -> [Tensor] {
    try lock.locked { () throws(GraphError) in
      if let running { return try running.run(inputs) }
      let engine = try makePlan(try options.planned(inputPorts))
      running = engine
      return try engine.run(inputs)
    }
  }

  /// The graph in the file. Throws E213 for a model without a file.
  func graphAgain() throws(GraphError) -> Graph {
    guard let bytes else { throw GraphError(.badInput, "this model was not opened from a file or from memory") }
    return try ONNXFile.open(bytes, limits: options.limits).graph
  }

  private func makePlan(_ shapes: [Shape]) throws(GraphError) -> Engine {
    if let engine, engine.inputShapes == shapes {
      self.engine = nil
      return engine
    }
    if case let (unplanned, weights)? = graph {
      graph = nil
      let engine = try Engine(consume unplanned, inputShapes: shapes, options: options.engine)
      try weights?.check()
      return engine
    }
    guard let bytes else { throw GraphError(.badInput, "this model is planned for one session only") }
    var (graph, weights) = try ONNXFile.open(bytes, limits: options.limits)
    if !isOptimized { _ = try PassPipeline.optimize(&graph, limits: options.limits) }
    let engine = try Engine(consume graph, inputShapes: shapes, options: options.engine)
    try weights.check()
    return engine
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
