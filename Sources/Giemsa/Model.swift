// Giemsa, the front door: reads an ONNX file, checks it, optimises it, plans it and runs it.
//
// `Model` is the file, `Session` runs it, `PictureClassifier` shows it pictures. Nothing else in this repository chains
// reading, passes and planning by hand. This module computes nothing itself: `ONNXFormat` reads, `Passes` rewrites,
// `Inference` plans and runs. `giemsa.h` (module GiemsaC) is the same door for C.

import Inference
import ModelGraph
import ONNXFormat
import Passes
import PictureModels
import Text

/// An ONNX model, ready to run.
///
/// Opening a model reads the file, checks every node, rewrites the graph for speed, and plans: a kernel and memory for each
/// step, weights packed for the kernels. Running a plan decides nothing and allocates next to nothing.
///
/// ```swift
/// let model = try Model(contentsOf: "cells.onnx")
/// let scores = try model.run([Tensor([1, 3, 64, 64], pixels)])[0]
/// ```
///
/// A model may be used by any number of threads. ``run(_:)`` lets one at a time through; for runs side by side give each
/// thread a ``Session`` of its own (``makeSession(inputShapes:)``).
public final class Model: Sendable {
  /// An input or an output, as the file declares it. An output may come out smaller or larger than it declares where only a
  /// run finds the shape (``Session/outputShapes``).
  public struct Port: Sendable {
    public let name: String
    public let type: ElementType
    /// Outermost first. A ``Dimension/symbol(_:)`` is bound by ``Options/batch``, ``Options/pictureSize`` or the shapes that
    /// a session is made with.
    public let dimensions: [Dimension]
  }

  /// The graph's name in the file; often empty.
  public let name: String
  /// In the file's order, which is the order of the tensors of a run.
  public let inputs: [Port]
  public let outputs: [Port]
  /// The file's `metadata_props`, in its order. docs/METADATA.md lists the keys that begin with `giemsa.`.
  public let metadata: [(key: String, value: String)]
  public let options: Options
  private let plans: PlanStore

  /// Opens an ONNX file and plans it.
  ///
  /// An input whose shape ``Options`` leave open is planned when a session is made with shapes for it.
  ///
  /// - Parameters:
  ///   - path: a regular file. It stays open while the model lives, so a file that replaces it changes nothing.
  ///   - options: threads, memory, shapes and limits.
  /// - Throws: the first problem, with a code that docs/CODES.md explains: E1xx for the file, E2xx for the graph. E212 if
  ///   there is not enough memory, or the model wants more than ``Limits`` allow.
  public convenience init(contentsOf path: String, options: Options = Options()) throws(GraphError) {
    try self.init(bytes: try ModelBytes(opening: path, limits: options.limits), options)
  }

  /// Opens a model that is in memory.
  ///
  /// - Parameters:
  ///   - bytes: the content of an ONNX file without external data. The model keeps a copy for sessions of other shapes; the
  ///     caller's memory may go.
  ///   - options: threads, memory, shapes and limits.
  public convenience init(_ bytes: UnsafeRawBufferPointer, options: Options = Options()) throws(GraphError) {
    try self.init(bytes: try ModelBytes(copying: bytes), options)
  }

  /// Opens a model that is in memory, as ``init(_:options:)`` with a pointer does.
  public convenience init(_ bytes: [UInt8], options: Options = Options()) throws(GraphError) {
    let copy = try bytes.withUnsafeBufferPointer { bytes throws(GraphError) in
      try ModelBytes(copying: UnsafeRawBufferPointer(bytes))
    }
    try self.init(bytes: copy, options)
  }

  /// Plans what was opened already.
  convenience init(bytes: ModelBytes, _ options: Options) throws(GraphError) {
    let (graph, weights) = try ONNXFile.open(bytes, limits: options.limits)
    try self.init(graph: consume graph, weights: weights, bytes: bytes, options)
  }

  /// Plans a graph that is in memory already, for one session of these shapes.
  ///
  /// - Parameter isOptimized: the passes are left out.
  package convenience init(
    graph: consuming Graph, isOptimized: Bool = false, inputShapes: [Shape], options: Options
  ) throws(GraphError) {
    try self.init(
      graph: consume graph, weights: nil, bytes: nil, isOptimized: isOptimized, shapes: inputShapes, options)
  }

  /// - Parameters:
  ///   - weights: what deferred weights are read from.
  ///   - bytes: what other shapes are planned from.
  ///   - shapes: of the inputs; nil: as ``Options`` say.
  init(
    graph: consuming Graph, weights: DeferredBytes?, bytes: ModelBytes?, isOptimized: Bool = false,
    shapes: [Shape]? = nil, _ options: Options
  ) throws(GraphError) {
    try options.check()
    name = graph.name
    metadata = graph.metadata
    self.options = options
    inputs = try Model.inputs(of: graph)
    if !isOptimized { _ = try PassPipeline.optimize(&graph, limits: options.limits) }
    let declared = graph.outputs.map { (name: graph.values[$0].name, declaration: graph.values[$0].declaration) }
    plans = try PlanStore(bytes: bytes, isOptimized: isOptimized, options)
    var planned: [Port]
    var planningShapes = shapes
    if planningShapes == nil { planningShapes = try options.shapes(for: inputs) }
    if let planningShapes {
      let plan = try Plan(consume graph, weights, planningShapes, options)
      planned = plan.ports
      plans.keep(plan)
    } else {
      planned = try Model.outputs(of: graph)
      plans.keep(graph, weights)
    }
    for index in planned.indices {
      guard let declaration = declared[index].declaration else { continue }
      planned[index] = Port(name: declared[index].name, type: planned[index].type, dimensions: declaration.dimensions)
    }
    outputs = planned
  }

  /// A runner of this model for one thread at a time.
  ///
  /// Sessions for the shapes that the model was opened with (or, if it was opened without, for the first that were asked for)
  /// share its packed weights. For other shapes the weights are read and packed again.
  ///
  /// - Parameter inputShapes: a shape for each of ``inputs``; nil: as ``Options`` say.
  /// - Throws: E213 if a shape does not fit the input's declaration, or one is left open; what planning throws.
  public func makeSession(inputShapes: [Shape]? = nil) throws(GraphError) -> Session {
    Session(self, try makeEngine(inputShapes))
  }

  /// Runs the model: a tensor for each of ``inputs``, in that order; returns one for each of ``outputs``.
  ///
  /// Any thread may call it; calls wait for each other.
  ///
  /// - Throws: E213 if a tensor's type or shape is not the planned one.
  public func run(_ inputs: [Tensor]) throws(GraphError) -> [Tensor] {
    try plans.run(inputs, for: self.inputs)
  }

  /// A session for a model that was planned for these shapes, whatever its declarations say.
  package func makeSession(plannedFor shapes: [Shape]) throws(GraphError) -> Session {
    Session(self, try plans.makeEngine(shapes))
  }

  /// An engine for one session.
  ///
  /// - Throws: E101 if the file was written to and now has other inputs or outputs.
  func makeEngine(_ shapes: [Shape]?) throws(GraphError) -> Engine {
    let wanted: [Shape]
    if let shapes {
      try options.check(shapes, for: inputs)
      wanted = shapes
    } else {
      wanted = try options.planned(inputs)
    }
    let engine = try plans.makeEngine(wanted)
    guard engine.plan.fits(inputs, outputs) else { throw .changedFile }
    return engine
  }

  /// The graph in the file, as it was before the passes.
  func graphAgain() throws(GraphError) -> Graph { try plans.graphAgain() }

  private static func inputs(of graph: borrowing Graph) throws(GraphError) -> [Port] {
    var ports: [Port] = []
    for id in graph.inputs {
      guard let declaration = graph.values[id].declaration else {
        throw GraphError(.badInput, "input '\(graph.values[id].name)' does not say its type")
      }
      ports.append(Port(name: graph.values[id].name, type: declaration.type, dimensions: declaration.dimensions))
    }
    return ports
  }

  /// The outputs of a graph that has no plan yet. An extent that the file does not declare is a symbol `?`.
  private static func outputs(of graph: borrowing Graph) throws(GraphError) -> [Port] {
    let facts = try graph.inferEarly(graph.planningShapes()).facts
    var ports: [Port] = []
    for id in graph.outputs {
      let type: ElementType
      if let fact = facts[id] { type = fact.type } else { type = try graph.lateOutputType(id) }
      let dimensions = (facts[id]?.shape.extents ?? []).map { _ in Dimension.symbol("?") }
      ports.append(Port(name: graph.values[id].name, type: type, dimensions: dimensions))
    }
    return ports
  }
}

extension Plan {
  /// Whether a model with these inputs and outputs can run it.
  fileprivate func fits(_ inputs: [Model.Port], _ outputs: [Model.Port]) -> Bool {
    inputTypes == inputs.map { $0.type } && outputTypes == outputs.map { $0.type }
  }

  /// The outputs as they were planned.
  fileprivate var ports: [Model.Port] {
    outputNames.indices.map { index in
      Model.Port(
        name: outputNames[index], type: outputTypes[index],
        dimensions: (outputShapes[index]?.extents ?? []).map { .fixed($0) })
    }
  }
}
