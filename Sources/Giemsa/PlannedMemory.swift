import Inference
import ModelGraph
import ONNXFormat
import Text
import Validation

/// The memory of a run, computed from its plan.
package enum PlannedMemory {
  /// E404 if a process that runs the model in `path` takes more than `budget` bytes, or no plan can be made; else nil.
  ///
  /// - Parameter programBytes: what the process takes without a model.
  package static func finding(_ path: String, limits: Limits, budget: Int, programBytes: Int) -> Finding? {
    do throws(GraphError) {
      let bytes = try peak(path, limits, budget) + programBytes
      guard bytes > budget else { return nil }
      return Finding(.overMemory, "takes \(bytes) bytes to run; the budget is \(budget)")
    } catch {
      return Finding(.overMemory, "cannot be planned: \(error)")
    }
  }

  /// Bytes at the peak of `giemsa-field bench` with a batch of one, besides the program.
  private static func peak(_ path: String, _ limits: Limits, _ budget: Int) throws(GraphError) -> Int {
    var options = Model.Options()
    options.limits = limits
    options.limits.memoryBytes = max(options.limits.memoryBytes, budget)
    let bytes = try ModelBytes(opening: path, limits: limits)
    let graph = try ONNXFile.open(bytes, limits: options.limits).graph
    options.inputShapes = graph.planningShapes()
    let parts = graph.nodes.count + graph.values.count { $0.constant != nil }
    let isIn8Bit = graph.nodes.contains { if case .dequantizeLinear = $0.operation { true } else { false } }
    let session = try Model(bytes: bytes, options).makeSession()
    var ports = 0
    for (port, shape) in zip(session.model.inputs, session.inputShapes) { ports += shape.count * port.type.byteCount }
    for (port, shape) in zip(session.model.outputs, session.outputShapes) {
      ports += (shape?.count ?? 0) * port.type.byteCount
    }
    // Weights are packed before there are activations.
    let tensors = max(session.packingBytes, session.touchedBytes + ports)
    return tensors + parts * partBytes + session.steps.count * stepBytes + (isIn8Bit ? codeBytesOf8Bit : 0)
  }

  /// What the heap holds for each node and constant of a file, and for each step of its plan: fitted to networks in float and
  /// in 8-bit.
  private static let (partBytes, stepBytes) = (500, 1200)
  /// Code that float networks do not touch: it lowers a quantised graph and runs 8-bit steps.
  private static let codeBytesOf8Bit = 5 << 16
}
