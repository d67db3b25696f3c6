import Kernels
import ModelGraph

/// `bf16_convolution`: a convolution or matrix product of floats with constant weights, by products of bf16
/// (``EngineOptions/Precision/bfloat16``).
final class Bfloat16Step: Step {
  private var parameters = bf16_convolution()
  private let source: ConvolutionWeights
  /// Whether the input is bf16 numbers already, and whether the result is rounded to them.
  private var (readsBfloat16, writesBfloat16) = (false, false)

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
    let step = Bfloat16Step(layer, planner)
    if let maker = planner.roundResult(layer.x, layer.layout) {
      (maker.writesBfloat16, step.readsBfloat16) = (true, true)
    }
    try planner.append(layer, step, activates: true)
    planner.noteBfloat16(step, of: layer.output)
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
    if readsBfloat16 {
      parameters.narrow_x = binder.bfloat16s(0)
    } else {
      parameters.x = binder.floats(0)
    }
    parameters.residual = binder.floats(1)
    if writesBfloat16 {
      parameters.narrow_y = binder.bfloat16Result()
    } else {
      parameters.y = binder.floatResult()
    }
    parameters.y_stride = parameters.geometry.out_channels
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(bf16_convolution_task, parameters, tasks: parameters.tasks)
  }
}
