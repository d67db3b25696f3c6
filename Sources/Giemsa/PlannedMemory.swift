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
    let session = try Model(bytes: bytes, options).makeSession()
    var ports = 0
    for (port, shape) in zip(session.model.inputs, session.inputShapes) { ports += shape.count * port.type.byteCount }
    for (port, shape) in zip(session.model.outputs, session.outputShapes) {
      ports += (shape?.count ?? 0) * port.type.byteCount
    }
    // Weights are packed before there are activations.
    return max(session.packingBytes, session.touchedBytes + ports) + parts * partBytes
  }

  /// What the graph takes in memory for each node and constant, from reading the file to the plan: the median of networks.
  private static let partBytes = 700
}
