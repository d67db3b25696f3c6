import ModelGraph
import ONNXFormat

/// A model's file in the form of another opset: for `giemsa-field upgrade`.
package enum Upgrade {
  /// Writes the model in `source` to `target` for `opset`, unless `check` throws, which is given a path of what was written.
  package static func write(
    _ source: String, to target: String, opset: Int, limits: Limits, check: (String) throws(GraphError) -> Void
  ) throws(GraphError) {
    try ONNXFile.write(try ONNXFile.read(source, limits: limits), to: target, opset: opset, check: check)
  }
}
