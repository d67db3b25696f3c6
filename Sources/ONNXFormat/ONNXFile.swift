import ModelGraph

/// ONNX files in and out.
public enum ONNXFile {
  /// The graph in an ONNX file, its operators in the form of opset ``Graph/opset``.
  ///
  /// Throws the first problem, E1xx for the file and E2xx for the graph. External data is read from the file's folder.
  public static func read(_ path: String, limits: Limits = .standard) throws(GraphError) -> Graph {
    throw GraphError(.unreadable, "reading is not written yet")
  }

  /// Writes the graph whole or not at all: to a new file in the same folder, which then takes the name.
  public static func write(_ graph: Graph, to path: String) throws(GraphError) {
    throw GraphError(.unreadable, "writing is not written yet")
  }

  /// A file of ONNX's test data (`input_0.pb`): one TensorProto.
  public static func readTensor(_ path: String, limits: Limits = .standard) throws(GraphError) -> (
    name: String, tensor: Tensor
  ) {
    throw GraphError(.unreadable, "reading is not written yet")
  }

  /// Writes a file of ONNX's test data.
  public static func writeTensor(_ tensor: Tensor, name: String, to path: String) throws(GraphError) {
    throw GraphError(.unreadable, "writing is not written yet")
  }
}
