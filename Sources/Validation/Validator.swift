import ModelGraph
import ONNXFormat

/// Finds all problems of a model in one go.
public enum Validator {
  /// Every problem of the file and of the graph in it.
  public static func findings(path: String, limits: Limits = .standard, budgets: Budgets = Budgets()) -> Findings {
    let examination = ONNXFile.examine(path, limits: limits)
    var findings = Findings(limits)
    for problem in examination.located {
      findings.append(Finding(problem.error, node: problem.node, tensor: problem.value))
    }
    findings.addMore(errors: examination.moreProblems)
    budgets.check(examination, &findings)
    if let graph = examination.graph {
      var check = GraphCheck(graph, unknown: examination.unknown, findings)
      // An incomplete graph has dangling values of its own, so there are no warnings about those.
      findings = check.findings(isWhole: examination.located.isEmpty, budgets)
    }
    for warning in examination.warnings { findings.append(Finding(warning)) }
    return findings
  }

  /// Every problem of a graph.
  public static func findings(in graph: Graph, limits: Limits = .standard) -> Findings {
    var check = GraphCheck(graph, unknown: [], Findings(limits))
    return check.findings(isWhole: true)
  }
}
