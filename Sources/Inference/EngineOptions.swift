import ModelGraph

/// How a graph is to be run.
public struct EngineOptions: Sendable {
  /// What weights may take for speed.
  public enum Memory: String, Sendable, CaseIterable {
    /// Never more than the weights themselves: what is made of them is made while running.
    case small
    /// Half as much again or a little more, where that gains most.
    case balanced
    /// Whatever is fastest.
    case fast
  }

  /// Threads that share one run, the caller's counted.
  public var threads = 1
  /// Measure every step (``Engine/profile``).
  public var profile = false
  public var memory = Memory.balanced
  /// Only kernels that multiply every weight with every input: no Winograd, whose rounding errors in float are larger (up to
  /// 1e-4 of a layer's largest output; 1e-5 is usual). On 8-bit integers they agree but where floats round a half.
  public var exact = false
  /// Of these, ``Limits/memoryBytes`` counts here.
  public var limits = Limits.standard

  public init() {}

  public init(threads: Int, profile: Bool = false, memory: Memory = .balanced, exact: Bool = false) {
    self.threads = threads
    self.profile = profile
    self.memory = memory
    self.exact = exact
  }
}
