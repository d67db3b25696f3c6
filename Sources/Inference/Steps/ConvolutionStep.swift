import Kernels
import ModelGraph

/// `f32_convolution`: any convolution or matrix product of floats with constant weights, by indirect matrix products.
final class ConvolutionStep: Step {
  private var parameters = f32_convolution()
  private let source: ConvolutionWeights
  /// What is computed of the input first.
  private let before: ChannelAffine?
  private var input: Slice
  private let slice: Slice

  private init(_ layer: FloatConvolution, _ before: ChannelAffine?, _ planner: Planner) {
    parameters.geometry = convolution_geometry(layer.geometry)
    (parameters.low, parameters.high) = layer.activation.clampBounds
    parameters.activation = f32_activation(layer.activation)
    if let before {
      parameters.has_before = 1
      (parameters.before.low, parameters.before.high) = before.bounds
    }
    f32_convolution_plan(&parameters, planner.level, Int32(planner.threads))
    (source, self.before) = (layer.source, before)
    input = Slice(stride: parameters.x_stride)
    slice = Slice(stride: Int(parameters.geometry.out_channels))
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let layer = try FloatConvolution(candidate, planner) else { return false }
    let before = planner.before(layer.x)
    let step = ConvolutionStep(layer, before, planner)
    var read: Operand?
    if layer.layout == .channelsLast, step.parameters.row_taps == 0 {
      let found = try planner.slicedOperand(before?.x ?? layer.x)
      (read, step.input) = (found.operand, found.slice)
    }
    try planner.append(layer, step, activates: true, slice: step.slice, input: read)
    return true
  }

  var kernel: String { String(cString: parameters.family.pointee.name) }

  /// Floats of the packed weights, in whole cache lines; ``before`` has its numbers behind them.
  private var packedCount: Int { (parameters.packed_count + 15) & ~15 }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: (packedCount + (before?.packedCount ?? 0)) * 4, scratchBytes: parameters.scratch_bytes,
      zeroBytes: parameters.zero_count * 4, weights: source.weights, others: [source.bias] + (before?.constants ?? []))
  }

  func pack(_ packer: Packer) {
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    parameters.w = UnsafePointer(packed)
    let layout = source.layout ?? f32_convolution_layout(&parameters)
    source.pack(packer) { f32_convolution_pack(&parameters, $0, layout, $1, source.scale, packed) }
    before?.pack(packer, packed + packedCount, &parameters.before)
  }

  func bind(_ binder: Binder) {
    parameters.bind(binder, slice, input: input)
  }
}

extension f32_convolution {
  func needs(weights: Graph.ValueID, others: [Graph.ValueID?]) -> StepNeeds {
    StepNeeds(
      packedBytes: packed_count * 4, scratchBytes: scratch_bytes, zeroBytes: zero_count * 4, weights: weights,
      others: others)
  }

  /// Adds the call. Operands: the input, and what is added to the sums.
  func bind(_ binder: Binder, _ slice: Slice, input: Slice) {
    var parameters = self
    parameters.x = binder.floats(0, input)
    parameters.x_stride = input.stride
    parameters.residual = binder.floats(1)
    parameters.y = binder.floatResult(slice)
    parameters.y_stride = slice.stride
    parameters.zero = binder.zeros
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(f32_convolution_task, parameters, tasks: tasks)
  }
}
