import ModelGraph

/// A problem of a file, and the names of the node and the value that it is about.
public struct Problem: Sendable {
  public let error: GraphError
  public let node: String?
  public let value: String?
}

/// The problems of a file: a limited number individually, the rest counted. A few damaged bytes can cause a hundred
/// thousand problems.
struct Problems {
  private(set) var list: [Problem] = []
  /// Number of problems beyond the limit.
  private(set) var more = 0
  private let limit: Int

  init(_ limits: Limits) { limit = max(limits.findings, 1) }

  mutating func append(_ error: GraphError, node: String? = nil, value: String? = nil) {
    if list.count < limit { list.append(Problem(error: error, node: node, value: value)) } else { more += 1 }
  }
}
