import ModelGraph
import Text

/// The memory of one file's graph, branches included. It is counted before the graph is made, so that a small file of very
/// many short nodes, names or initialisers is refused.
///
/// The counts are what the parts take at most with the shortest names, from reading the file to the plan, as
/// `tools/large-graphs` measures. Longer names take no more than their bytes in the file; tensors are not counted.
final class GraphRoom {
  private(set) var nodes = 0
  private var used = 0
  private let limits: Limits
  private let fileBytes: Int
  private let external: ExternalData

  init(_ limits: Limits, fileBytes: Int, _ external: ExternalData) {
    (self.limits, self.fileBytes, self.external) = (limits, fileBytes, external)
  }

  /// Throws E105 beyond the number of nodes that the limits allow.
  func begin(nodes count: Int) throws(GraphError) {
    nodes += min(count, limits.nodes + 1)
    guard nodes <= limits.nodes else {
      throw GraphError(.overLimit, "\(nodes) nodes; the limit is \(limits.nodes)")
    }
    try take(1024)
  }

  /// Throws E105, like ``addInitialiser(axes:)``.
  func addNode(inputs: Int, outputs: Int) throws(GraphError) {
    try take(880 + 160 * min(inputs, limits.nodeInputs + 1) + 320 * min(outputs, limits.nodeInputs + 1))
  }

  func addInitialiser(axes: Int) throws(GraphError) { try take(640 + 16 * min(axes, limits.rank + 1)) }

  private func take(_ bytes: Int) throws(GraphError) {
    used += bytes
    guard used > limits.graphBytes, used - limits.graphBytes > 2 * (fileBytes + external.bytesRead) else { return }
    throw GraphError(
      .overLimit,
      "its graph takes far more memory than a well-made file of \(fileBytes) bytes. If it is to be trusted, raise the limit "
        + "with --max-memory SIZE (1G, say)")
  }
}
