import TrainingKernels

/// The training kernels of this processor for one precision.
struct KernelTables {
  let float: train_kernels
  /// nil in float32.
  let bfloat16: train_bf16_kernels?

  init(_ precision: Precision) throws(TrainingError) {
    let table = train_table.inUse
    float = table.f32
    switch precision {
    case .float32: bfloat16 = nil
    case .bfloat16:
      guard table.multiplies_bf16 != 0 else { throw .noBfloat16 }
      bfloat16 = table.bf16
    }
  }

  /// The instruction set of the float kernels, `avx2`.
  var instructionSet: String { String(cString: float.name) }
}
