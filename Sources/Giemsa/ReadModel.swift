import ModelGraph
import ONNXFormat

/// A model that is read once, weights and external data too, for all that `compare` and `upgrade` do with it: what was
/// verified is what is compared and run, whatever becomes of the file meanwhile.
package struct ReadModel: Sendable {
  package let path: String
  /// 0 if the file does not say.
  package let opset: Int
  /// Bytes of the file and its external data.
  package let byteCount: Int
  let bytes: ModelBytes
  let graph: Graph

  /// Throws the first problem.
  package init(contentsOf path: String, limits: Limits) throws(GraphError) {
    self.path = path
    bytes = try ModelBytes(opening: path, limits: limits)
    let examination = ONNXFile.examine(bytes, limits: limits)
    if let problem = examination.problems.first { throw problem }
    guard let graph = examination.graph else { throw GraphError(.noGraph, "holds no graph") }
    self.graph = graph
    opset = examination.opset ?? 0
    byteCount = examination.byteCount
  }

  /// The inputs' shapes, with a batch of one and the size of pictures that the model records.
  package var planningShapes: [Shape] { graph.planningShapes() }

  /// A session for ``planningShapes``.
  package func makeSession(_ options: Model.Options) throws(GraphError) -> Session {
    try Model(graph: graph, inputShapes: planningShapes, options: options).makeSession(plannedFor: planningShapes)
  }

  package func makeClassifier(_ options: Model.Options) throws(GraphError) -> PictureClassifier {
    try PictureClassifier(graph: graph, options: options)
  }
}
