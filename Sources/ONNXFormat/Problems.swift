import ModelGraph

/// The problems of a file: a limited number individually, the rest counted. A few damaged bytes can cause a hundred
/// thousand problems.
struct Problems {
  private(set) var list: [GraphError] = []
  /// Number of problems beyond the limit.
  private(set) var more = 0
  private let limit: Int

  init(_ limits: Limits) { limit = max(limits.findings, 1) }

  mutating func append(_ problem: GraphError) {
    if list.count < limit { list.append(problem) } else { more += 1 }
  }
}
