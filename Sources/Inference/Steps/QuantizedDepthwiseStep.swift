import Kernels
import ModelGraph

/// `q8_depthwise`: a convolution of 8-bit integers with one filter for each channel, stored without a second summand.
final class QuantizedDepthwiseStep: Step {
  private var parameters = q8_depthwise()
  private let source: QuantizedWeights

  private init(_ layer: QuantizedConvolution, _ planner: Planner) {
    let convolution = layer.parameters
    parameters.geometry = convolution.geometry
    (parameters.x_signed, parameters.x_zero) = (convolution.x_signed, convolution.x_zero)
    let epilogue = convolution.epilogue
    (parameters.y_zero, parameters.low, parameters.high) = (epilogue.y_zero, epilogue.low, epilogue.high)
    q8_depthwise_plan(&parameters, planner.level)
    source = layer.source
  }

  /// The kernel keeps an address for each tap of each tile of a row.
  private static let mostTaps = 1024

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard case .qLinearConv = candidate.node.operation,
      let layer = try QuantizedConvolution(candidate, planner), layer.residual == nil, layer.geometry.group > 1,
      layer.geometry.groupChannels == 1, layer.geometry.groupFilters == 1, layer.geometry.plane.taps <= mostTaps
    else { return false }
    try planner.append(layer, QuantizedDepthwiseStep(layer, planner))
    return true
  }

  var kernel: String { String(cString: q8_depthwise_kernel(&parameters)) }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: parameters.packed_bytes, scratchBytes: parameters.scratch_bytes, zeroBytes: 0,
      weights: source.weights, others: source.others)
  }

  /// Weights that differ from their zero point by more than a kernel's weights can are split, and get a block of their
  /// own.
  func pack(_ packer: Packer) throws(GraphError) {
    guard let channels = source.channels(parameters.geometry.in_channels, packer),
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
    q8_depthwise_pack(
      &parameters, weights, channels.isSigned, channels.zeros, channels.bias, channels.multipliers, nil, target, room)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    parameters.y = binder.result()
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(q8_depthwise_task, parameters, tasks: parameters.tasks)
  }
}
