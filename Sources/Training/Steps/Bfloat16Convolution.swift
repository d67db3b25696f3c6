import Kernels
import ModelGraph
import TrainingKernels

/// Direct bf16 kernels of a convolution and its gradients. Activations and gradients may already be bf16; the weights are
/// rounded and packed anew in each pass.
struct Bfloat16Convolution {
  private let kernels: train_bf16_kernels
  /// Floats of memory for a bf16 copy of the packed weights, and for one of the output gradient.
  let weightScratch: Int
  let gradientScratch: Int

  /// nil if the kernels cannot read pairs of channels: odd or few channels, or groups.
  ///
  /// - Parameters:
  ///   - packedCount: floats of the packed weights or of the transposed ones, whichever are more.
  ///   - gradientsAlone: only the gradients use bf16; then any number of input channels will do.
  init?(_ geometry: ConvolutionGeometry, kernels: train_bf16_kernels, packedCount: Int, gradientsAlone: Bool) {
    guard geometry.group == 1, geometry.filters % 2 == 0,
      gradientsAlone || geometry.channels >= 16 && geometry.channels % 2 == 0
    else { return nil }
    self.kernels = kernels
    func halves(_ count: Int) -> Int { (count + 31) / 32 * 16 }
    weightScratch = halves(packedCount)
    gradientScratch = halves(geometry.batch * geometry.plane.outputCount * geometry.filters)
  }

  func narrow(_ x: UnsafePointer<Float>, count: Int, _ pass: Pass, into target: UnsafeMutablePointer<UInt16>) {
    pass.team.run { thread, threads in kernels.narrow(x, target, count, thread, threads) }
  }

  /// - Parameters:
  ///   - rows: rows of `width` packed weights.
  ///   - scratch: ``weightScratch`` floats.
  func convolve(
    _ job: inout train_conv_job, _ pass: Pass, weights: UnsafePointer<Float>, rows: Int,
    in scratch: UnsafeMutablePointer<Float>
  ) {
    let packed = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: UInt16.self)
    pass.team.run { thread, threads in kernels.narrow_weights(weights, packed, Int64(rows), thread, threads) }
    convolve(&job, pass, packed)
  }

  /// The data gradient: a convolution with the transposed weights of the forward pass.
  ///
  /// - Parameter scratch: ``weightScratch`` floats.
  func convolveTransposed(
    _ job: inout train_conv_job, _ pass: Pass, weights: UnsafePointer<Float>, in scratch: UnsafeMutablePointer<Float>
  ) {
    let packed = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: UInt16.self)
    let (taps, inputs, outputs) = (job.taps, job.columns, job.run)
    pass.team.run { thread, threads in
      kernels.transpose_weights(weights, packed, taps, inputs, outputs, thread, threads)
    }
    convolve(&job, pass, packed)
  }

  private func convolve(_ job: inout train_conv_job, _ pass: Pass, _ packed: UnsafePointer<UInt16>) {
    job.b = UnsafeRawPointer(packed)
    withUnsafePointer(to: &job) { job in
      pass.team.run { thread, threads in kernels.convolve(job, thread, threads) }
    }
  }

  func sumWeights(_ job: inout train_weight_job, _ pass: Pass) {
    withUnsafePointer(to: &job) { job in
      pass.team.run { thread, threads in kernels.weight_gradient(job, thread, threads) }
    }
  }
}
