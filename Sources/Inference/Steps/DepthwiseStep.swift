import Kernels
import ModelGraph
import Text

/// `f32_depthwise`: a convolution of floats with one filter for each channel.
final class DepthwiseStep: Step {
  private var parameters = f32_depthwise()
  private let source: ConvolutionWeights

  private init(_ layer: FloatConvolution, _ planner: Planner) {
    parameters.geometry = convolution_geometry(layer.geometry)
    parameters.isa = planner.level
    (parameters.low, parameters.high) = layer.activation.clampBounds
    parameters.activation = f32_activation(layer.activation)
    f32_depthwise_plan(&parameters)
    source = layer.source
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let layer = try FloatConvolution(candidate, planner), layer.geometry.group > 1,
      layer.geometry.groupChannels == 1, layer.geometry.groupFilters == 1
    else { return false }
    try planner.append(layer, DepthwiseStep(layer, planner), activates: true)
    return true
  }

  var kernel: String { "f32_depthwise_\(String(cString: kernels_level_name(kernels_level_base(parameters.isa))))" }

  var needs: StepNeeds {
    let taps = parameters.geometry.kernel_height * parameters.geometry.kernel_width
    return StepNeeds(
      packedBytes: (1 + taps) * parameters.geometry.in_channels * 4, scratchBytes: 0, zeroBytes: 0,
      weights: source.weights, others: [source.bias])
  }

  func pack(_ packer: Packer) {
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    parameters.w = UnsafePointer(packed)
    guard let weights = packer.floatWeights(source.weights) else { return }
    f32_depthwise_pack(&parameters, weights, packer.floats(source.bias), packed)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.residual = binder.floats(1)
    parameters.y = binder.floatResult()
    binder.call(f32_depthwise_task, parameters, tasks: parameters.tasks)
  }
}
