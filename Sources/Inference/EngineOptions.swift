/// How a graph is to be run.
public struct EngineOptions: Sendable {
  /// Threads that share one run, the caller's counted.
  public var threads = 1
  /// Measure every step (``Engine/profile``).
  public var profile = false

  public init() {}

  public init(threads: Int, profile: Bool = false) {
    self.threads = threads
    self.profile = profile
  }
}
