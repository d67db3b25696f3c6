import ModelGraph

/// No kernel at all: a node whose output is its input under another name or shape.
enum View {
  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let x = candidate.input(0), !planner.isKnown(x) else { return false }
    switch candidate.node.operation {
    case .identity: return try planner.alias(candidate.output, of: x, keepsShape: true)
    case .dropout:
      // The shape rule has refused a training mode that is known; one that is not is the definition's to refuse.
      if let mode = candidate.input(2), !planner.isKnown(mode) { return false }
      return try planner.alias(candidate.output, of: x, keepsShape: true)
    case .flatten, .reshape, .squeeze, .unsqueeze:
      return try planner.alias(candidate.output, of: x, keepsShape: false)
    default: return false
    }
  }
}
