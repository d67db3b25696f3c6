import ModelGraph

/// What the passes of one pipeline share, so that their work grows with the graph and not with its square.
struct PassContext {
  /// Bytes of constants that folding may still make.
  var foldingRoom: Int
  private var known: KnownFacts?

  init(_ graph: Graph, limits: Limits = .standard) {
    // Weights that are folded once or twice (transposed, scaled) are as large as they were; what grows is somebody's bomb.
    foldingRoom = 2 * graph.constantBytes + limits.memoryBytes / 8
  }

  /// Facts of the graph's values, gathered once until ``forget()``. Rewriting nodes leaves them true; values that have been
  /// added since are unknown.
  mutating func facts(_ graph: Graph) -> KnownFacts {
    if let known { return known }
    let facts = KnownFacts(graph)
    known = facts
    return facts
  }

  /// To be called when values have been numbered anew.
  mutating func forget() { known = nil }

  /// A pass by itself.
  static func alone(_ graph: inout Graph, _ pass: (inout Graph, inout PassContext) -> Int) -> Int {
    var context = PassContext(graph)
    return pass(&graph, &context)
  }
}
