import ModelGraph

/// What the passes of one pipeline share, so that their work grows with the graph and not with its square.
struct PassContext {
  /// Bytes of constants that passes may still make, and elements that they may still compute for them.
  private var bytesLeft: Int
  private var workLeft: Int
  private var known: KnownFacts?

  init(_ graph: Graph, limits: Limits = .standard) {
    // Weights that are folded once or twice (transposed, scaled) are as large as they were; what grows is somebody's bomb.
    let weights = graph.constantBytes
    bytesLeft = 2 * weights + limits.memoryBytes / 8
    // Two or three seconds by plain definitions.
    workLeft = 2 * weights + 1 << 28
  }

  /// Whether a constant of so many bytes may be made; if not, nodes stay as they are. Ten thousand nodes may read the same
  /// weights.
  mutating func allows(bytes: Int, work: Int) -> Bool {
    guard bytes <= bytesLeft, work <= workLeft else { return false }
    bytesLeft -= bytes
    workLeft -= work
    return true
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
