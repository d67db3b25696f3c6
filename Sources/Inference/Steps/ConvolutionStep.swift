import Kernels
import ModelGraph

/// `f32_convolution`: any convolution or matrix product of floats with constant weights, by indirect matrix products.
final class ConvolutionStep: Step {
  private var parameters = f32_convolution()
  private let source: ConvolutionWeights
  private let slice: OutputSlice

  private init(_ layer: FloatConvolution, _ planner: Planner) {
    parameters.geometry = convolution_geometry(layer.geometry)
    (parameters.low, parameters.high) = layer.activation.clampBounds
    parameters.activation = f32_activation(layer.activation)
    f32_convolution_plan(&parameters, planner.level, Int32(planner.threads))
    source = layer.source
    slice = OutputSlice(stride: Int(parameters.geometry.out_channels))
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let layer = try FloatConvolution(candidate, planner) else { return false }
    let step = ConvolutionStep(layer, planner)
    try planner.append(layer, step, activates: true, slice: step.slice)
    return true
  }

  var kernel: String { String(cString: parameters.family.pointee.name) }

  var needs: StepNeeds {
    parameters.needs(weights: source.weights, others: [source.bias])
  }

  func pack(_ packer: Packer) {
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    parameters.w = UnsafePointer(packed)
    let layout = source.layout ?? f32_convolution_layout(&parameters)
    source.pack(packer) { f32_convolution_pack(&parameters, $0, layout, $1, source.scale, packed) }
  }

  func bind(_ binder: Binder) {
    parameters.bind(binder, slice)
  }
}

extension f32_convolution {
  func needs(weights: Graph.ValueID, others: [Graph.ValueID?]) -> StepNeeds {
    StepNeeds(
      packedBytes: packed_count * 4, scratchBytes: scratch_bytes, zeroBytes: zero_count * 4, weights: weights,
      others: others)
  }

  /// Adds the call. Operands: the input, and what is added to the sums.
  func bind(_ binder: Binder, _ slice: OutputSlice) {
    var parameters = self
    parameters.x = binder.floats(0)
    parameters.residual = binder.floats(1)
    parameters.y = binder.floatResult(slice)
    parameters.y_stride = slice.stride
    parameters.zero = binder.zeros
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(f32_convolution_task, parameters, tasks: tasks)
  }
}
