import Kernels
import ModelGraph
import Text

/// ConvTranspose of one group over one or two spatial axes. Windows beside each other are made in place (`f32_patches`). Otherwise
/// the input is multiplied by the weights of every tap (`f32_convolution`, 1×1), and what falls on each pixel summed
/// (`f32_tap_sums`).
enum TransposedConvolutionStep {
  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard case .convTranspose(let operation) = candidate.node.operation,
      let x = planner.floatVariable(candidate[ConvTranspose.Input.x]), let w = candidate[ConvTranspose.Input.w],
      planner.isKnown(w), planner.isFloat(w)
    else { return false }
    let bias = candidate[ConvTranspose.Input.b]
    if let bias, !planner.isKnown(bias) { return false }
    let geometry = try operation.geometry(x: planner.shape(x), w: planner.shape(w))
    let plane = geometry.plane
    guard geometry.group == 1, plane.spatialRank <= 2 else { return false }
    if let step = PatchesStep(geometry, weights: w, bias: bias, planner) {
      planner.append(
        step, name: candidate.node.name, reads: [try planner.operand(x, .channelsLast)],
        writes: [planner.newBuffer(candidate.output, .channelsLast)], multiplyAdds: step.multiplyAdds)
      planner.noteSlice(step.slice, of: candidate.output)
      return true
    }
    let sums = TapSumsStep(
      convolution_geometry(plane, batch: geometry.batch, channels: geometry.filters), bias: bias, planner)
    let taps = plane.height.kernel * plane.width.kernel
    let products = try TapProductsStep(
      pixels: geometry.batch * plane.outputCount, channels: geometry.channels, filters: geometry.filters, taps: taps,
      weights: w, planner)
    let between = planner.newBuffer(byteCount: geometry.batch * plane.outputCount * taps * geometry.filters * 4)
    planner.append(
      products, name: candidate.node.name, reads: [try planner.operand(x, .channelsLast), .none], writes: [between],
      multiplyAdds: products.multiplyAdds)
    planner.append(
      sums, for: candidate.node, reads: [.buffer(between)],
      writes: [planner.newBuffer(candidate.output, .channelsLast)])
    return true
  }
}

/// Windows that lie beside each other, without gap or overlap.
private final class PatchesStep: Step {
  private var parameters = f32_patches()
  private let weights: Graph.ValueID
  private let bias: Graph.ValueID?
  let slice: Slice

  init?(_ geometry: TransposedConvolution, weights: Graph.ValueID, bias: Graph.ValueID?, _ planner: Planner) {
    let (height, width) = (geometry.plane.height, geometry.plane.width)
    for axis in [height, width] {
      guard axis.kernel == axis.stride, axis.dilation == 1, axis.padBefore == 0, axis.padAfter == 0,
        axis.input == axis.output * axis.stride
      else { return nil }
    }
    (self.weights, self.bias, slice) = (weights, bias, Slice(stride: geometry.filters))
    (parameters.batch, parameters.height, parameters.width) = (geometry.batch, height.output, width.output)
    (parameters.kernel_height, parameters.kernel_width) = (height.kernel, width.kernel)
    (parameters.channels, parameters.filters) = (geometry.channels, geometry.filters)
    f32_patches_plan(&parameters, planner.level)
  }

  private var taps: Int { parameters.kernel_height * parameters.kernel_width }
  var multiplyAdds: Int {
    parameters.tasks * parameters.width * parameters.channels * parameters.filters * taps
  }

  var kernel: String { String(cString: parameters.row.family.pointee.name) }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: taps * parameters.tap_count * 4, scratchBytes: parameters.scratch_bytes,
      zeroBytes: parameters.row.zero_count * 4, weights: weights, others: [bias])
  }

  func pack(_ packer: Packer) {
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    parameters.w = UnsafePointer(packed)
    guard let weights = packer.floatWeights(weights) else { return }
    f32_patches_pack(&parameters, weights, packer.floats(bias), packed)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.floatResult(slice)
    parameters.y_stride = slice.stride
    parameters.zero = binder.zeros
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(f32_patches_task, parameters, tasks: parameters.tasks)
  }
}

/// The products of each pixel with the weights of every tap.
private final class TapProductsStep: Step {
  private var parameters = f32_convolution()
  private let channels: Int
  private let filters: Int
  private let taps: Int
  private let source: Graph.ValueID
  let multiplyAdds: Int

  init(
    pixels: Int, channels: Int, filters: Int, taps: Int, weights: Graph.ValueID, _ planner: Planner
  ) throws(GraphError) {
    (self.channels, self.filters, self.taps, source) = (channels, filters, taps, weights)
    let geometry = try ConvolutionGeometry(
      rows: pixels, depth: channels, columns: taps * filters, of: ConvTranspose.name)
    multiplyAdds = geometry.multiplyAdds
    parameters.geometry = convolution_geometry(geometry)
    (parameters.low, parameters.high) = (-.infinity, .infinity)
    f32_convolution_plan(&parameters, planner.level, Int32(planner.threads))
  }

  var kernel: String { String(cString: parameters.family.pointee.name) }

  var needs: StepNeeds {
    parameters.needs(weights: source, others: [])
  }

  /// The file's weights are `[channels, filters, taps]`; filters must be next to each other.
  func pack(_ packer: Packer) {
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    parameters.w = UnsafePointer(packed)
    guard let weights = packer.floatWeights(source) else { return }
    var ordered = [Float](repeating: 0, count: channels * taps * filters)
    for channel in 0..<channels {
      for tap in 0..<taps {
        for filter in 0..<filters {
          ordered[(channel * taps + tap) * filters + filter] = weights[(channel * filters + filter) * taps + tap]
        }
      }
    }
    let layout = f32_weight_layout(depth: channels, columns: taps * filters, transposed: false)
    f32_convolution_pack(&parameters, ordered, layout, nil, 1, packed)
  }

  func bind(_ binder: Binder) {
    parameters.bind(
      binder, Slice(stride: Int(parameters.geometry.out_channels)), input: Slice(stride: parameters.x_stride))
  }
}

/// The sums of the products that fall on each pixel.
private final class TapSumsStep: Step {
  private var parameters = f32_tap_sums()
  private let bias: Graph.ValueID?

  init(_ geometry: convolution_geometry, bias: Graph.ValueID?, _ planner: Planner) {
    (parameters.geometry, parameters.isa, self.bias) = (geometry, planner.level, bias)
    f32_tap_sums_plan(&parameters)
  }

  var kernel: String { "f32_tap_sums" }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: bias == nil ? 0 : parameters.geometry.in_channels * 4, scratchBytes: 0, zeroBytes: 0, weights: nil,
      others: [bias])
  }

  func pack(_ packer: Packer) {
    guard let bias = packer.floats(bias) else { return }
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    packed.update(from: bias, count: parameters.geometry.in_channels)
    parameters.bias = UnsafePointer(packed)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.floatResult()
    binder.call(f32_tap_sums_task, parameters, tasks: parameters.tasks)
  }
}
