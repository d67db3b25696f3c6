import Kernels
import TrainingKernels

/// What convolutions multiply. Weights and sums are float32 always.
public enum Precision: String, Sendable, CaseIterable {
  case float32 = "float"
  /// Bfloat16, the upper half of a float: about three decimals, at twice the rate, and most of what one step hands on to the
  /// next takes half the memory (``NarrowCopies``). Only while training: a network is judged in float32, as it will be run.
  case bfloat16 = "bf16"

  /// Whether this processor has instructions for it (AVX512-BF16, or BF16 of Armv8.6).
  public var isAvailable: Bool {
    switch self {
    case .float32: true
    case .bfloat16: train_bf16_kernels_for_cpu(train_kernels_for_cpu()) != nil
    }
  }
}
