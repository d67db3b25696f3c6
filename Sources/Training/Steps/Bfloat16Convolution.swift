import Kernels
import ModelGraph
import TrainingKernels

/// The products of a convolution and of its gradients in bfloat16. Activations and slopes come as bfloat16 where their
/// makers write that; copies of the weights are made for each pass.
struct Bfloat16Convolution {
  private let kernels: train_bf16_kernels
  /// Floats that a copy of the packed weights takes, and one of the slopes.
  let weightScratch: Int
  let slopeScratch: Int

  /// nil where pairs of numbers cannot be had: odd channels, groups, few channels.
  ///
  /// - Parameters:
  ///   - packedCount: floats of the packed weights, the larger of the two ways round.
  ///   - gradientsAlone: of which channels there may be any number.
  init?(_ geometry: ConvolutionGeometry, kernels: train_bf16_kernels, packedCount: Int, gradientsAlone: Bool) {
    guard geometry.group == 1, geometry.filters % 2 == 0,
      gradientsAlone || geometry.channels >= 16 && geometry.channels % 2 == 0
    else { return nil }
    self.kernels = kernels
    func halves(_ count: Int) -> Int { (count + 31) / 32 * 16 }
    weightScratch = halves(packedCount)
    slopeScratch = halves(geometry.batch * geometry.plane.outputCount * geometry.filters)
  }

  func narrow(_ x: UnsafePointer<Float>, count: Int, _ pass: Pass, into target: UnsafeMutablePointer<UInt16>) {
    pass.team.run { thread, threads in kernels.narrow(x, target, count, thread, threads) }
  }

  /// - Parameters:
  ///   - rows: of the packed weights.
  ///   - scratch: ``weightScratch`` floats.
  func convolve(
    _ job: inout train_conv_job, _ pass: Pass, weights: UnsafePointer<Float>, rows: Int,
    in scratch: UnsafeMutablePointer<Float>
  ) {
    let packed = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: UInt16.self)
    pass.team.run { thread, threads in kernels.narrow_weights(weights, packed, Int64(rows), thread, threads) }
    convolve(&job, pass, packed)
  }

  /// The gradient by the data, whose weights are the transposed ones of the forward pass.
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
