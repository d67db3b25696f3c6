import Kernels
import ModelGraph

/// The products of a convolution and of its gradients in bfloat16: copies of what is multiplied are made for each pass.
struct Bfloat16Convolution {
  private let kernels: train_bf16_kernels
  /// Floats that the copies take.
  let scratch: Int
  private let firstCount: Int

  /// nil where pairs of numbers cannot be had: odd channels, groups, few channels.
  ///
  /// - Parameter packedCount: floats of the packed weights, the larger of the two ways round.
  init?(_ geometry: ConvolutionGeometry, kernels: train_bf16_kernels, packedCount: Int) {
    guard geometry.group == 1, geometry.channels >= 16, geometry.channels % 2 == 0, geometry.filters % 2 == 0 else {
      return nil
    }
    self.kernels = kernels
    let inputs = geometry.batch * geometry.plane.inputCount * geometry.channels
    let outputs = geometry.batch * geometry.plane.outputCount * geometry.filters
    // Forward: x and the weights. Backward: the slopes, and then the weights or x.
    func halves(_ count: Int) -> Int { (count + 31) / 32 * 16 }
    firstCount = halves(max(inputs, outputs))
    scratch = firstCount + halves(max(inputs, packedCount))
  }

  /// A copy of activations or slopes, for a job's `a` or `dy`.
  func narrow(
    _ x: UnsafePointer<Float>, count: Int, _ pass: Pass, in scratch: UnsafeMutablePointer<Float>
  ) -> UnsafeRawPointer {
    let narrowed = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: UInt16.self)
    pass.team.run { thread, threads in kernels.narrow(x, narrowed, count, thread, threads) }
    return UnsafeRawPointer(narrowed)
  }

  /// - Parameter rows: of the packed weights.
  func convolve(
    _ job: inout train_conv_job, _ pass: Pass, weights: UnsafePointer<Float>, rows: Int,
    in scratch: UnsafeMutablePointer<Float>
  ) {
    let packed = UnsafeMutableRawPointer(scratch + firstCount).assumingMemoryBound(to: UInt16.self)
    pass.team.run { thread, threads in kernels.narrow_weights(weights, packed, Int64(rows), thread, threads) }
    job.b = UnsafeRawPointer(packed)
    withUnsafePointer(to: &job) { job in
      pass.team.run { thread, threads in kernels.convolve(job, thread, threads) }
    }
  }

  func sumWeights(
    _ job: inout train_weight_job, _ pass: Pass, x: UnsafePointer<Float>, count: Int,
    in scratch: UnsafeMutablePointer<Float>
  ) {
    job.x = narrow(x, count: count, pass, in: scratch + firstCount)
    withUnsafePointer(to: &job) { job in
      pass.team.run { thread, threads in kernels.weight_gradient(job, thread, threads) }
    }
  }
}
