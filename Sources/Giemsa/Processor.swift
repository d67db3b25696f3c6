import Inference

/// The processor that models run on.
public enum Processor {
  /// The instruction set that the kernels use: `portable`, `avx2`, `avx512`, `neon`. The environment variable
  /// `GIEMSA_ISA` steps it down.
  public static var instructionSet: String { Engine.instructionSet }

  /// Instruction sets that the processor offers: `avx2 fma`, `neon dotprod`, …
  public static var features: String { Engine.processorFeatures }

  /// Processors that this process may use.
  public static var count: Int { Engine.processorCount }
}
