import ModelGraph

/// The problems of a model: the first ``Limits/findings`` individually, the rest counted, so that a small file cannot
/// cause unlimited output.
public struct Findings: RandomAccessCollection, Sendable {
  private var list: [Finding] = []
  /// Number of findings that are not in the list.
  public private(set) var moreErrors = 0
  public private(set) var moreWarnings = 0
  private let limit: Int

  init(_ limits: Limits) { limit = limits.findings }

  public var startIndex: Int { list.startIndex }
  public var endIndex: Int { list.endIndex }
  public subscript(index: Int) -> Finding { list[index] }

  public var errorCount: Int { list.reduce(moreErrors) { $0 + ($1.isError ? 1 : 0) } }
  public var warningCount: Int { list.reduce(moreWarnings) { $0 + ($1.isError ? 0 : 1) } }

  mutating func append(_ finding: Finding) {
    if list.count < limit {
      list.append(finding)
    } else if finding.isError {
      moreErrors += 1
    } else {
      moreWarnings += 1
    }
  }

  mutating func addMore(errors: Int) { moreErrors += errors }
}
