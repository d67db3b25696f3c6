import ModelGraph
import ONNXFormat

/// Finds everything that is wrong with a model in one go.
public enum Validator {
  /// Every problem of the file and of the graph in it.
  public static func findings(path: String, limits: Limits = .standard) -> [Finding] {
    do {
      return findings(in: try ONNXFile.read(path, limits: limits))
    } catch {
      return [Finding(error)]
    }
  }

  /// Every problem of a graph.
  public static func findings(in graph: Graph) -> [Finding] {
    do {
      _ = try graph.infer()
      return []
    } catch {
      return [Finding(error)]
    }
  }
}
