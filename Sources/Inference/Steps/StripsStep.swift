import Kernels
import ModelGraph
import Text

/// `f32_strips`: a depthwise convolution of floats with the convolution before it, the 1×1 convolution behind it, or both, strip by
/// strip, so that what lies between them stays in the second-level cache.
final class StripsStep: Step {
  private var parameters = f32_strips()
  private let first: ConvolutionWeights?
  private let middle: ConvolutionWeights
  private let last: ConvolutionWeights?
  private let slice: Slice

  /// What a strip may take: most of the second-level cache of a small processor.
  private static let nearBytes = 448 << 10
  /// What one of the values that are never whole must take at least. Less would stay in the cache anyway.
  private static let leastBytes = 576 << 10

  private struct Layers {
    var first: FloatConvolution?
    var depthwise: FloatConvolution
    var last: FloatConvolution?
  }

  private init?(_ layers: Layers, _ planner: Planner) {
    parameters.depthwise.geometry = convolution_geometry(layers.depthwise.geometry)
    parameters.depthwise.group = 1
    parameters.depthwise.isa = planner.level
    (parameters.depthwise.low, parameters.depthwise.high) = layers.depthwise.activation.clampBounds
    parameters.depthwise.activation = f32_activation(layers.depthwise.activation)
    if let first = layers.first {
      parameters.has_first = 1
      parameters.first = f32_convolution(unplanned: first)
    }
    if let last = layers.last {
      parameters.has_last = 1
      parameters.last = f32_convolution(unplanned: last)
    }
    (first, middle, last) = (layers.first?.source, layers.depthwise.source, layers.last?.source)
    slice = Slice(stride: (layers.last ?? layers.depthwise).geometry.filters)
    guard f32_strips_plan(&parameters, planner.level, Int32(planner.threads), StripsStep.nearBytes) != 0 else {
      return nil
    }
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard !planner.multipliesBfloat16, let begin = try FloatConvolution(candidate, planner) else { return false }
    var layers: Layers
    var absorbed: [Int] = []
    if StripsStep.isDepthwise(begin) {
      layers = Layers(depthwise: begin)
    } else {
      guard begin.geometry.group == 1, begin.residual == nil, planner.before(begin.x) == nil,
        begin.layout == .channelsLast, planner.winogradChoices[begin.output] == nil,
        StripsStep.touchesInput(begin.geometry.plane),
        let next = try planner.onlyConvolution(of: begin.output), StripsStep.isDepthwise(next.layer)
      else { return false }
      layers = Layers(first: begin, depthwise: next.layer)
      absorbed = [next.index]
    }
    if let next = try planner.onlyConvolution(of: layers.depthwise.output), StripsStep.isPointwise(next.layer.geometry),
      next.layer.residual.map({ planner.isAvailable($0) }) ?? true
    {
      layers.last = next.layer
      absorbed.append(next.index)
    }
    var savedBytes = layers.first == nil ? 0 : planner.pictureBytes(begin.output)
    if layers.last != nil { savedBytes = max(savedBytes, planner.pictureBytes(layers.depthwise.output)) }
    guard savedBytes >= leastBytes, let step = StripsStep(layers, planner) else { return false }
    let end = layers.last ?? layers.depthwise
    var reads = [try planner.operand(begin.x, .channelsLast), Operand.none]
    if let residual = end.residual { reads[1] = try planner.operand(residual, .channelsLast) }
    let target = planner.newBuffer(end.output, .channelsLast)
    let multiplyAdds = [layers.first, layers.depthwise, layers.last].reduce(0) { $0 + ($1?.geometry.multiplyAdds ?? 0) }
    planner.append(step, name: layers.depthwise.name, reads: reads, writes: [target], multiplyAdds: multiplyAdds)
    if layers.last != nil { planner.noteSlice(step.slice, of: end.output) }
    for index in absorbed { planner.absorb(index) }
    return true
  }

  private static func isDepthwise(_ layer: FloatConvolution) -> Bool {
    layer.geometry.group > 1 && layer.geometry.groupChannels == 1 && layer.geometry.groupFilters == 1
      && layer.residual == nil && touchesInput(layer.geometry.plane)
  }

  /// Whether every window reads some of the input's rows.
  private static func touchesInput(_ plane: WindowPlane) -> Bool {
    let height = plane.height
    return height.padBefore < height.reach
      && (height.output - 1) * height.stride < height.input + height.padBefore
  }

  private static func isPointwise(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.plane.height.isPointwise && geometry.plane.width.isPointwise && geometry.group == 1
  }

  var kernel: String {
    "f32_strips_\(String(cString: kernels_level_name(kernels_level_base(parameters.depthwise.isa))))"
  }

  /// Floats of packed weights of each part, in whole cache lines.
  private var packedCounts: [Int] {
    [
      parameters.has_first != 0 ? parameters.first.packed_count : 0, f32_depthwise_packed_count(&parameters.depthwise),
      parameters.has_last != 0 ? parameters.last.packed_count : 0,
    ].map { ($0 + 15) & ~15 }
  }

  var needs: StepNeeds {
    let sources = [first, middle, last]
    return StepNeeds(
      packedBytes: packedCounts.reduce(0, +) * 4, scratchBytes: parameters.scratch_bytes,
      zeroBytes: parameters.zero_count * 4, weights: sources.compactMap { $0?.weights },
      others: sources.map { $0?.bias })
  }

  func pack(_ packer: Packer) {
    let counts = packedCounts
    let packed = packer.room.assumingMemoryBound(to: Float.self)
    let (middlePacked, lastPacked) = (packed + counts[0], packed + counts[0] + counts[1])
    (parameters.first.w, parameters.depthwise.w, parameters.last.w) = (
      UnsafePointer(packed), UnsafePointer(middlePacked), UnsafePointer(lastPacked)
    )
    parameters.first.pack(first, packer, packed)
    middle.pack(packer) { f32_depthwise_pack(&parameters.depthwise, $0, $1, middlePacked) }
    parameters.last.pack(last, packer, lastPacked)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.residual = binder.floats(1)
    parameters.y = binder.floatResult(slice)
    parameters.last.y_stride = slice.stride
    parameters.zero = binder.zeros
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(f32_strips_task, parameters, tasks: parameters.tasks)
  }
}

extension f32_convolution {
  fileprivate init(unplanned layer: FloatConvolution) {
    self.init()
    geometry = convolution_geometry(layer.geometry)
    (low, high) = layer.activation.clampBounds
    activation = f32_activation(layer.activation)
  }

  fileprivate mutating func pack(
    _ source: ConvolutionWeights?, _ packer: Packer, _ packed: UnsafeMutablePointer<Float>
  ) {
    source?.pack(packer) { f32_convolution_pack(&self, $0, f32_convolution_layout(&self), $1, 1, packed) }
  }
}

extension Planner {
  /// Bytes of a float value for each picture of the batch.
  fileprivate func pictureBytes(_ id: Graph.ValueID) -> Int { shape(id).count / shape(id)[0] * 4 }
}
