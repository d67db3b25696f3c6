import Kernels
import ModelGraph
import Text

/// `f32_depthwise`: a convolution of floats with one filter for each channel, or with groups of few channels. Over planes, where
/// its input is only there in plain layout and its result is an output of the graph.
final class DepthwiseStep: Step {
  private var parameters = f32_depthwise()
  private let source: ConvolutionWeights
  private let isOverPlanes: Bool
  private var input: Slice
  private let slice: Slice

  private init(_ layer: FloatConvolution, _ planner: Planner) {
    parameters.geometry = convolution_geometry(layer.geometry)
    parameters.group = layer.geometry.groupChannels
    parameters.isa = planner.level
    (parameters.low, parameters.high) = layer.activation.clampBounds
    parameters.activation = f32_activation(layer.activation)
    isOverPlanes =
      layer.residual == nil && f32_depthwise_fits_planes(&parameters) != 0 && planner.home(layer.x) == .plain
      && planner.isOnlyAnOutput(layer.output)
    if isOverPlanes { f32_depthwise_plan_planes(&parameters) } else { f32_depthwise_plan(&parameters) }
    source = layer.source
    input = Slice(stride: Int(parameters.geometry.in_channels))
    slice = Slice(stride: Int(parameters.geometry.in_channels))
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let layer = try FloatConvolution(candidate, planner), layer.geometry.group > 1,
      layer.geometry.groupChannels == layer.geometry.groupFilters
    else { return false }
    let step = DepthwiseStep(layer, planner)
    if step.isOverPlanes {
      let read: Operand
      if let input = planner.untouchedInput(layer.x) {
        read = input
      } else {
        read = try planner.operand(layer.x, .plain)
      }
      planner.append(
        step, name: layer.name, reads: [read, .none], writes: [planner.newBuffer(layer.output, .plain)],
        multiplyAdds: layer.geometry.multiplyAdds)
      return true
    }
    guard step.parameters.by_tiles != 0 || step.parameters.group == 1 else { return false }
    let read: Operand
    (read, step.input) = try planner.slicedOperand(layer.x)
    try planner.append(layer, step, activates: true, slice: step.slice, input: read)
    return true
  }

  /// `f32_depthwise_avx2`, `f32_planes_avx2`, `f32_groups4_avx2`
  var kernel: String {
    let form = isOverPlanes ? "planes" : parameters.group == 1 ? "depthwise" : "groups\(parameters.group)"
    return "f32_\(form)_\(String(cString: kernels_level_name(kernels_level_base(parameters.isa))))"
  }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: f32_depthwise_packed_count(&parameters) * 4, scratchBytes: 0,
      zeroBytes: parameters.geometry.in_channels * 4, weights: source.weights, others: [source.bias])
  }

  func pack(_ packer: Packer) {
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    parameters.w = UnsafePointer(packed)
    guard let weights = packer.floatWeights(source.weights) else { return }
    f32_depthwise_pack(&parameters, weights, packer.floats(source.bias), packed)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0, input)
    parameters.residual = binder.floats(1)
    parameters.zero = binder.zeros
    parameters.y = binder.floatResult(slice)
    (parameters.x_stride, parameters.y_stride) = (input.stride, slice.stride)
    if !isOverPlanes {
      binder.call(f32_depthwise_task, parameters, tasks: parameters.tasks)
      return
    }
    binder.call(
      f32_depthwise_plane_task, parameters, tasks: parameters.tasks,
      setInput: {
        $0.assumingMemoryBound(to: f32_depthwise.self).pointee.x = $1?.assumingMemoryBound(to: Float.self)
      },
      setOutput: {
        $0.assumingMemoryBound(to: f32_depthwise.self).pointee.y = $1?.assumingMemoryBound(to: Float.self)
      })
  }
}
