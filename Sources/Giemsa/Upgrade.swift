import ModelGraph
import ONNXFormat
import Text

/// A model's file in the form of another opset: for `giemsa-field upgrade`.
package enum Upgrade {
  /// Writes the model to `target` for `opset`, unless `check` throws, which is given what was written.
  package static func write(
    _ model: ReadModel, to target: String, opset: Int, limits: Limits, check: (ReadModel) throws(GraphError) -> Void
  ) throws(GraphError) {
    // Nobody has signed what is written here.
    var limits = limits
    limits.signers = []
    try ONNXFile.write(model.graph, to: target, opset: opset) { written throws(GraphError) in
      let again: ReadModel
      do throws(GraphError) {
        again = try ReadModel(contentsOf: written, limits: limits)
      } catch {
        throw GraphError(error.code, "not written, since it cannot be read again: \(error.message)")
      }
      try check(again)
    }
  }
}
