import TrainingKernels

/// The training kernels of this processor for one precision.
struct KernelTables {
  let float: train_kernels
  /// nil in float32.
  let bfloat16: train_bf16_kernels?

  init(_ precision: Precision) throws(TrainingError) {
    let table = train_kernels_for_cpu()
    guard let table else { throw .noKernels }
    float = table.pointee
    switch precision {
    case .float32: bfloat16 = nil
    case .bfloat16:
      guard let table = train_bf16_kernels_for_cpu(table) else { throw .noBfloat16 }
      bfloat16 = table.pointee
    }
  }

  /// The instruction set of the float kernels, `avx2`.
  var instructionSet: String { String(cString: float.name) }
}
