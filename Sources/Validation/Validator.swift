import ModelGraph
import ONNXFormat

/// Finds everything that is wrong with a model in one go.
public enum Validator {
  /// Every problem of the file and of the graph in it.
  public static func findings(path: String, limits: Limits = .standard) -> [Finding] {
    let examination = ONNXFile.examine(path, limits: limits)
    let problems = examination.problems.map { Finding($0) }
    guard let graph = examination.graph else { return problems }
    var check = GraphCheck(graph, unknown: examination.unknown)
    // A part of a graph has loose ends of its own: no warnings about those.
    return problems + check.findings(isWhole: problems.isEmpty)
  }

  /// Every problem of a graph.
  public static func findings(in graph: Graph) -> [Finding] {
    var check = GraphCheck(graph, unknown: [])
    return check.findings(isWhole: true)
  }
}
