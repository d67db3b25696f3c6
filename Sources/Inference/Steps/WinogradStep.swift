import Kernels
import ModelGraph
import Text

/// `f32_winograd`: a 3×3 convolution of floats with fewer multiplications, where ``WinogradChoice`` decided for it.
final class WinogradStep: Step {
  private var parameters: f32_winograd
  private let source: ConvolutionWeights
  private let slice: Slice

  init(_ layer: FloatConvolution, _ choice: WinogradChoice, _ planner: Planner) {
    parameters = f32_winograd(layer.geometry, choice, planner.level, threads: planner.threads)
    (parameters.low, parameters.high) = layer.activation.clampBounds
    source = layer.source
    slice = Slice(stride: Int(parameters.geometry.out_channels))
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let choice = planner.winogradChoices[candidate.output],
      let layer = try FloatConvolution(candidate, planner)
    else { return false }
    let step = WinogradStep(layer, choice, planner)
    try planner.append(layer, step, activates: false, slice: step.slice)
    return true
  }

  /// `f32_winograd_4x4_avx2`, `f32_winograd_2x2_stride2_avx512`, `f32_winograd_4x4_taps_avx2`,
  /// `f32_winograd_4x4_taps_24x16_avx512`
  var kernel: String {
    let stride = parameters.geometry.stride_height == 2 ? "stride2_" : ""
    let taps = parameters.multiplies_taps != 0 ? "taps_24x16_" : parameters.keeps_taps != 0 ? "taps_" : ""
    let form = stride + taps + String(cString: kernels_level_name(kernels_level_base(parameters.isa)))
    return "f32_winograd_\(parameters.tile)x\(parameters.tile)_\(form)"
  }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: parameters.packed_count * 4, scratchBytes: parameters.scratch_bytes,
      zeroBytes: parameters.zero_count * 4, weights: source.weights, others: [source.bias])
  }

  func pack(_ packer: Packer) {
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    parameters.w = UnsafePointer(packed)
    guard let weights = packer.floatWeights(source.weights) else { return }
    withUnsafePointer(to: parameters) {
      packer.inParallel(
        f32_winograd_panels($0), f32_winograd_pack_task,
        f32_winograd_packing(winograd: $0, w: weights, bias: packer.floats(source.bias), packed: packed))
    }
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.residual = binder.floats(1)
    parameters.y = binder.floatResult(slice)
    parameters.y_stride = slice.stride
    parameters.zero = binder.zeros
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(
      f32_winograd_task, parameters, tasks: parameters.tasks,
      after: parameters.input_tasks > 0 ? (f32_winograd_inputs_task, parameters.input_tasks) : nil)
  }
}

extension f32_winograd {
  /// A layer's parameters with the chosen tile, planned.
  init(_ geometry: ConvolutionGeometry, _ choice: WinogradChoice, _ level: kernels_level, threads: Int) {
    self.init()
    self.geometry = convolution_geometry(geometry)
    (tile, keeps_taps) = (choice.tile, choice.keepsTaps ? 1 : 0)
    f32_winograd_plan(&self, level, Int32(threads))
  }
}
