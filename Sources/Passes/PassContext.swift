import ModelGraph

/// State shared by the passes of one pipeline, so that their work is linear in the size of the graph, not quadratic.
struct PassContext {
  /// Remaining budgets: bytes of constants that passes may create, and elements that they may compute for them.
  private var bytesLeft: Int
  private var workLeft: Int
  private var known: KnownFacts?

  init(_ graph: Graph, limits: Limits = .standard) {
    // Weights that are folded once or twice (transposed, scaled) keep their size; constants that grow beyond that come
    // from a malicious file.
    let weights = graph.constantBytes
    bytesLeft = 2 * weights + limits.memoryBytes / 8
    // Two or three seconds with the plain definitions.
    workLeft = 2 * weights + 1 << 28
  }

  /// Whether a constant of this size may be created; otherwise the nodes stay as they are. Ten thousand nodes may share
  /// the same weights.
  mutating func allows(bytes: Int, work: Int) -> Bool {
    guard bytes <= bytesLeft, work <= workLeft else { return false }
    bytesLeft -= bytes
    workLeft -= work
    return true
  }

  /// Facts about the graph's values, gathered once until ``forget()``. Rewriting nodes keeps them valid; values added
  /// since are unknown.
  mutating func facts(_ graph: Graph) -> KnownFacts {
    if let known { return known }
    let facts = KnownFacts(graph)
    known = facts
    return facts
  }

  /// Must be called when values have been renumbered.
  mutating func forget() { known = nil }

  /// A context for a single pass.
  static func alone(_ graph: inout Graph, _ pass: (inout Graph, inout PassContext) -> Int) -> Int {
    var context = PassContext(graph)
    return pass(&graph, &context)
  }
}
