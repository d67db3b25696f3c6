import ModelGraph

/// What is wrong with a file: so many problems one by one, the rest counted. A few bytes can go wrong in a hundred thousand
/// places.
struct Problems {
  private(set) var list: [GraphError] = []
  /// Those beyond the limit.
  private(set) var more = 0
  private let limit: Int

  init(_ limits: Limits) { limit = max(limits.findings, 1) }

  mutating func append(_ problem: GraphError) {
    if list.count < limit { list.append(problem) } else { more += 1 }
  }
}
