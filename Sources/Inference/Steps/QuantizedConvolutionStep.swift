import Kernels
import ModelGraph

/// `q8_convolution`: any convolution or matrix product of 8-bit integers with constant weights.
final class QuantizedConvolutionStep: Step {
  private var parameters: q8_convolution
  private let source: QuantizedWeights

  private init(_ layer: QuantizedConvolution, _ planner: Planner) {
    parameters = layer.parameters
    q8_convolution_plan(&parameters, planner.level, Int32(planner.threads))
    source = layer.source
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let layer = try QuantizedConvolution(candidate, planner) else { return false }
    try planner.append(layer, QuantizedConvolutionStep(layer, planner))
    return true
  }

  var kernel: String { String(cString: q8_convolution_kernel(&parameters)) }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: parameters.packed_bytes, scratchBytes: parameters.scratch_bytes, zeroBytes: 0,
      weights: source.weights, others: source.others)
  }

  /// Weights that an instruction set must split, so that no sum saturates, take more room than planned: they get a
  /// block of their own.
  func pack(_ packer: Packer) throws(GraphError) {
    guard let channels = source.channels(parameters.geometry.out_channels, packer),
      let weights = packer.weights(source.weights)
    else {
      parameters.w = UnsafeRawPointer(packer.room)
      return
    }
    parameters.w = try packer.fill(parameters.packed_bytes) { fill($0, $1, weights, channels) }
  }

  /// Packs into `room` bytes at `target` and returns how many it takes; packs nothing if those are more.
  private func fill(
    _ target: UnsafeMutableRawPointer, _ room: Int, _ weights: UnsafeRawPointer, _ channels: QuantizedWeights.Channels
  ) -> Int {
    q8_convolution_pack(
      &parameters, weights, channels.isSigned, source.layout ?? q8_convolution_layout(&parameters), channels.zeros,
      channels.bias, channels.multipliers, nil, target, room)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    parameters.residual = binder.address(1)
    parameters.y = binder.result()
    parameters.y_stride = parameters.geometry.out_channels
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(q8_convolution_task, parameters, tasks: parameters.tasks)
  }
}
