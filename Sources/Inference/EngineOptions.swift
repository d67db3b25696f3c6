/// How a graph is to be run.
public struct EngineOptions: Sendable {
  /// Threads that share one run, the caller's counted.
  public var threads = 1

  public init() {}

  public init(threads: Int) { self.threads = threads }
}
