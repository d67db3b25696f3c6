import Kernels
import ModelGraph

/// `bf16_convolution`: a convolution or matrix product of floats with constant weights, by products of bf16
/// (``EngineOptions/Precision/bfloat16``).
final class Bfloat16Step: Step {
  private var parameters = bf16_convolution()
  private let source: ConvolutionWeights

  private init(_ layer: FloatConvolution, _ planner: Planner) {
    parameters.geometry = convolution_geometry(layer.geometry)
    (parameters.low, parameters.high) = layer.activation.clampBounds
    parameters.activation = f32_activation(layer.activation)
    bf16_convolution_plan(&parameters, planner.level, Int32(planner.threads))
    source = layer.source
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard planner.multipliesBfloat16, let layer = try FloatConvolution(candidate, planner), layer.geometry.group == 1
    else { return false }
    try planner.append(layer, Bfloat16Step(layer, planner), activates: true)
    return true
  }

  var kernel: String { String(cString: bf16_convolution_kernel(&parameters)) }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: parameters.packed_bytes, scratchBytes: parameters.scratch_bytes, zeroBytes: 0,
      weights: source.weights, others: [source.bias])
  }

  func pack(_ packer: Packer) {
    parameters.w = UnsafeRawPointer(packer.room)
    let layout = source.layout ?? bf16_convolution_layout(&parameters)
    source.pack(packer) { bf16_convolution_pack(&parameters, $0, layout, $1, source.scale, packer.room) }
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.residual = binder.floats(1)
    parameters.y = binder.floatResult()
    parameters.y_stride = parameters.geometry.out_channels
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(bf16_convolution_task, parameters, tasks: parameters.tasks)
  }
}
