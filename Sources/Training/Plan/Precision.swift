import Kernels
import TrainingKernels

/// Type of the operands of convolutions in training. Weights and accumulators are always float32.
public enum Precision: String, Sendable, CaseIterable {
  case float32 = "float"
  /// Mixed precision: bf16, the upper half of a float, has about three decimals and twice the arithmetic rate. Most
  /// activations and gradients take half the memory (``NarrowCopies``). Validation uses float32, as inference will.
  case bfloat16 = "bf16"

  /// Whether this processor has instructions for it: for bf16, AVX512-BF16 or the BF16 extension of Armv8.6.
  public var isAvailable: Bool {
    switch self {
    case .float32: true
    case .bfloat16: train_table.inUse.multiplies_bf16 != 0
    }
  }
}

extension train_table {
  /// The training kernels of the level in use.
  static var inUse: train_table { train_table_for(kernels_level_in_use()) }
}
