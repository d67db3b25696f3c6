import Inference
import ModelGraph
import Text

/// Runs a ``Model``. A session belongs to one thread at a time, which the compiler checks: it is not `Sendable`.
///
/// Its memory for activations is its own; it is taken once and used by every run.
public final class Session {
  public let model: Model
  private var engine: Engine

  init(_ model: Model, _ engine: Engine) {
    self.model = model
    self.engine = engine
  }

  /// The shapes that runs are planned for, in the order of ``Model/inputs``.
  public var inputShapes: [Shape] { engine.inputShapes }
  /// The shapes of ``Model/outputs``. nil: one that only a run finds, because it depends on values (NonMaxSuppression).
  public var outputShapes: [Shape?] { engine.outputShapes }

  /// Runs the model: a tensor for each input, in order; returns a new one for each output.
  ///
  /// - Throws: E213 if a tensor's type or shape is not the planned one.
  public func run(_ inputs: [Tensor]) throws(GraphError) -> [Tensor] { try engine.run(inputs) }

  /// The same into tensors of the outputs' types and shapes, as an earlier run returned them. Allocates nothing unless the
  /// model has a step without a kernel. An output whose shape only a run finds is a new tensor each time.
  public func run(_ inputs: [Tensor], into outputs: inout [Tensor]) throws(GraphError) {
    try engine.run(inputs, into: &outputs)
  }

  /// The same with tensors by name, for a model of several inputs.
  ///
  /// - Throws: E213 if an input is missing, or a name is unknown.
  public func run(_ inputs: [String: Tensor]) throws(GraphError) -> [String: Tensor] {
    var ordered: [Tensor] = []
    for port in model.inputs {
      guard let tensor = inputs[port.name] else {
        throw GraphError(.badInput, "no tensor was given for input '\(port.name)'")
      }
      ordered.append(tensor)
    }
    if inputs.count > ordered.count,
      let name = inputs.keys.first(where: { name in !model.inputs.contains { $0.name == name } })
    {
      throw GraphError(.badInput, "the model has no input '\(name)'")
    }
    var named: [String: Tensor] = [:]
    for (port, tensor) in zip(model.outputs, try engine.run(ordered)) { named[port.name] = tensor }
    return named
  }

  /// Runs the model on the caller's memory: inputs are read where they lie, outputs are written where they are wanted.
  ///
  /// - Parameters:
  ///   - inputs: row-major elements of each input, aligned to the size of an element.
  ///   - outputs: room for each output, aligned alike. No output may overlap an input.
  /// - Throws: E213 unless there is a buffer for each, of exactly the planned size, and if only a run finds an output's
  ///   shape: ``run(_:)->[Tensor]`` returns such a model's outputs.
  public func run(
    inputs: [UnsafeRawBufferPointer], outputs: [UnsafeMutableRawBufferPointer]
  ) throws(GraphError) {
    if let late = outputShapes.firstIndex(where: { $0 == nil }) {
      throw GraphError(
        .badInput,
        "output '\(model.outputs[late].name)' has a shape that only a run finds; it cannot be written into a buffer")
    }
    let given: [Tensor]
    var results: [Tensor]
    (given, results) = try tensors(over: inputs, outputs)
    try engine.run(given, into: &results)
  }

  /// What ``run(inputs:outputs:)`` takes for a run: the caller's memory as tensors. For an output whose shape only a run
  /// finds the buffer is empty, and the run replaces the tensor.
  ///
  /// - Throws: E213 unless there is a buffer for each, of exactly the planned size.
  package func tensors(
    over inputs: [UnsafeRawBufferPointer], _ outputs: [UnsafeMutableRawBufferPointer]
  ) throws(GraphError) -> (inputs: [Tensor], outputs: [Tensor]) {
    guard outputs.count == model.outputs.count else {
      throw GraphError(.badInput, "the model has \(model.outputs.count) outputs; \(outputs.count) buffers were given")
    }
    guard inputs.count == model.inputs.count else {
      throw GraphError(.badInput, "the model has \(model.inputs.count) inputs; \(inputs.count) buffers were given")
    }
    var given: [Tensor] = []
    for (index, buffer) in inputs.enumerated() {
      given.append(
        try tensor(
          over: UnsafeMutableRawBufferPointer(mutating: buffer), model.inputs[index], inputShapes[index], "input"))
    }
    var results: [Tensor] = []
    for (index, buffer) in outputs.enumerated() {
      results.append(try tensor(over: buffer, model.outputs[index], outputShapes[index] ?? [0], "output"))
    }
    return (given, results)
  }

  private func tensor(
    over buffer: UnsafeMutableRawBufferPointer, _ port: Model.Port, _ shape: Shape, _ kind: String
  ) throws(GraphError) -> Tensor {
    let wanted = shape.count * port.type.byteCount
    guard buffer.count == wanted else {
      throw GraphError(
        .badInput,
        "\(kind) '\(port.name)' is \(port.type.name) \(shape), \(wanted) bytes; the buffer has \(buffer.count)")
    }
    guard let base = buffer.baseAddress else { return try Tensor(zeros: shape, type: port.type) }
    guard UInt(bitPattern: base) % UInt(port.type.byteCount) == 0 else {
      throw GraphError(.badInput, "the buffer of \(kind) '\(port.name)' is not aligned to \(port.type.byteCount) bytes")
    }
    return try Tensor(
      type: port.type, shape: shape, storage: Storage(adopting: base, byteCount: wanted) { _ in })
  }

  /// Plans this session for other input shapes, in the order of ``Model/inputs``. If that fails, the old plan stays.
  ///
  /// - Throws: as ``Model/makeSession(inputShapes:)`` does.
  public func reshape(to inputShapes: [Shape]) throws(GraphError) {
    if inputShapes == engine.inputShapes { return }
    engine = try model.makeEngine(inputShapes)
  }

  // MARK: What a run costs

  /// One step of the plan.
  public struct Step: Sendable {
    /// The name of its node.
    public let name: String
    /// `f32_igemm_6x16_avx2`, …; `reference` is the operator's plain definition.
    public let kernel: String
    public let multiplyAdds: Int
    /// All seconds spent in it since the session got its plan; 0 unless ``Model/Options/measuresSteps`` is set.
    public var seconds: Double
  }

  /// The steps in the order in which they run.
  public var steps: [Step] {
    engine.profile.map { Step(name: $0.name, kernel: $0.kernel, multiplyAdds: $0.multiplyAdds, seconds: $0.seconds) }
  }
  /// Threads that share a run.
  public var threads: Int { engine.threads }
  /// Bytes of packed weights, and of activations with what kernels work in.
  public var weightBytes: Int { engine.weightBytes }
  public var activationBytes: Int { engine.activationBytes }
  /// Bytes of weights and constants at the peak of packing, and of all that a run touches, besides the caller's.
  package var packingBytes: Int { engine.plan.packingBytes }
  package var touchedBytes: Int { engine.touchedBytes }
}

@available(*, unavailable)
extension Session: Sendable {}
