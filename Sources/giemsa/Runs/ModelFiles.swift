import ModelGraph
import ONNXFormat

/// Reads an ONNX file; errors begin with its path.
func readModel(_ path: String) throws -> Graph {
  do {
    return try ONNXFile.read(path)
  } catch {
    throw CommandFailure("\(path): \(error)")
  }
}

/// Writes a stored input or output; errors begin with its path.
func writeTensor(_ tensor: Tensor, name: String, to path: String) throws {
  do {
    try ONNXFile.writeTensor(tensor, name: name, to: path)
  } catch {
    throw CommandFailure("\(path): \(error)")
  }
}

/// Writes an ONNX file; errors begin with its path.
func writeModel(_ graph: Graph, to path: String) throws {
  do {
    try ONNXFile.write(graph, to: path)
  } catch {
    throw CommandFailure("\(path): \(error)")
  }
}
