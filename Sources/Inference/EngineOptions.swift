import ModelGraph

/// Options for running a graph.
public struct EngineOptions: Sendable {
  /// How much more memory packed weights may take than those in the file, in exchange for speed.
  public enum Memory: String, Sendable, CaseIterable {
    /// No more memory: Winograd's weights are transformed again in every run.
    case small
    /// About 1.5 times the memory, used for the layers that gain most.
    case balanced
    /// As much as the fastest kernels need.
    case fast
  }

  /// What convolutions and matrix products with constant weights are multiplied in. Sums, and all other operators, are float.
  public enum Precision: String, Sendable, CaseIterable {
    case float
    /// bf16, the upper half of a float: 8 bits of significand. Where the processor has no instructions for it that are faster
    /// than float's, layers are run in float.
    case bfloat16 = "bf16"
  }

  /// Threads that share one run, with the caller's.
  public var threads = 1
  /// Whether every step is timed (`Engine.profile`).
  public var profile = false
  public var memory = Memory.balanced
  /// Whether Winograd is ruled out. In float its rounding errors are larger: up to 1e-4 of a layer's largest output,
  /// usually 1e-5. Over 8-bit integers it is exact up to the rounding of a float that lies halfway.
  public var exact = false
  public var precision = Precision.float
  /// Only ``Limits/memoryBytes`` applies here.
  public var limits = Limits.standard

  public init() {}

  public init(threads: Int, profile: Bool = false, memory: Memory = .balanced, exact: Bool = false) {
    self.threads = threads
    self.profile = profile
    self.memory = memory
    self.exact = exact
  }
}
