import ModelGraph

/// No kernel at all: a node whose output is its input under another name or shape.
enum View {
  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard candidate.node.operation.movement == .view, let x = candidate.node.firstInput, !planner.isKnown(x) else {
      return false
    }
    switch candidate.node.operation {
    case .identity: return try planner.alias(candidate.output, of: x, keepsShape: true)
    case .dropout:
      // The shape rule has refused a training mode that is known; one that is not is the definition's to refuse.
      if let mode = candidate[Dropout.Input.trainingMode], !planner.isKnown(mode) { return false }
      return try planner.alias(candidate.output, of: x, keepsShape: true)
    default: return try planner.alias(candidate.output, of: x, keepsShape: false)
    }
  }
}
