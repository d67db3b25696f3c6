import Kernels
import ModelGraph
import Text

/// `q8_winograd`: a 3×3 convolution of 8-bit integers with a quarter of the multiplications.
final class QuantizedWinogradStep: Step {
  private var parameters: q8_winograd
  private let source: QuantizedWeights

  private init(_ parameters: q8_winograd, _ source: QuantizedWeights) {
    self.parameters = parameters
    self.source = source
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard !planner.isExact, let layer = try QuantizedConvolution(candidate, planner),
      let parameters = choose(layer, planner)
    else { return false }
    try planner.append(layer, QuantizedWinogradStep(parameters, layer.source))
    return true
  }

  /// How the layer is run by Winograd; nil if that does not apply or would not be faster.
  private static func choose(_ layer: QuantizedConvolution, _ planner: Planner) -> q8_winograd? {
    var stored = q8_winograd()
    stored.convolution = layer.parameters
    guard q8_winograd_applies(&stored.convolution) != 0 else { return nil }
    var taps = stored
    taps.keeps_taps = 1
    q8_winograd_plan(&stored, planner.level, Int32(planner.threads))
    q8_winograd_plan(&taps, planner.level, Int32(planner.threads))
    let added = stored.packed_bytes - taps.packed_bytes
    if q8_winograd_wins(&stored) != 0, added <= planner.quantizedWinogradRoom {
      planner.quantizedWinogradRoom -= added
      return stored
    }
    return q8_winograd_wins(&taps) != 0 && tapsAreSigned(layer.source, planner) ? taps : nil
  }

  /// Whether the weights less their zero points are s8, as taps must be.
  private static func tapsAreSigned(_ source: QuantizedWeights, _ planner: Planner) -> Bool {
    let zero = planner.type(source.weights) == .int8 ? 0 : 128
    guard let zeros = source.zeros else { return zero == 0 }
    return planner.constant(zeros)?.ints?.allSatisfy { $0 == zero } ?? false
  }

  /// `q8_winograd_4x4_s16_igemm_6x16_avx2`, `q8_winograd_4x4_taps_s16_igemm_12x32_avx512vnni`,
  /// `q8_winograd_4x4_s16_taps_24x16_avx512vnni`
  var kernel: String {
    let form = parameters.keeps_taps != 0 && parameters.multiplies_taps == 0 ? "taps_" : ""
    return "q8_winograd_4x4_\(form)\(String(cString: q8_winograd_kernel(&parameters)))"
  }

  var needs: StepNeeds {
    StepNeeds(
      packedBytes: parameters.packed_bytes, scratchBytes: parameters.scratch_bytes, zeroBytes: 0,
      weights: source.weights, others: source.others)
  }

  func pack(_ packer: Packer) {
    let packed = packer.room
    parameters.convolution.w = UnsafeRawPointer(packed)
    guard let channels = source.channels(parameters.convolution.geometry.out_channels, packer),
      let weights = packer.weights(source.weights)
    else { return }
    let layout = source.layout ?? q8_convolution_layout(&parameters.convolution)
    func pack(_ zeros: UnsafePointer<Int32>?, _ bias: UnsafePointer<Int32>?, _ multipliers: UnsafePointer<Float>) {
      withUnsafePointer(to: parameters) {
        packer.inParallel(
          q8_winograd_panels($0), q8_winograd_pack_task,
          q8_winograd_packing(
            winograd: $0, w: weights, w_signed: channels.isSigned, layout: layout, w_zeros: zeros, bias: bias,
            multipliers: multipliers, shifts: nil, packed: packed))
      }
    }
    // C keeps the arrays' addresses for as long as the call takes.
    pack(channels.zeros, channels.bias, channels.multipliers)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.convolution.x = binder.address(0)
    parameters.convolution.residual = binder.address(1)
    parameters.convolution.y = binder.result()
    parameters.convolution.y_stride = parameters.convolution.geometry.out_channels
    parameters.convolution.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    binder.call(q8_winograd_task, parameters, tasks: parameters.tasks)
  }
}

extension Planner {
  /// Bytes that transformed weights may take beyond the taps of the 8-bit layers, which they are eight times as many
  /// as: none where memory is small, four fifths of the weights of all layers in balance.
  ///
  /// Layers take them in the graph's order: the first have the most pixels and gain most for each byte. A layer that
  /// finds none left keeps its taps and transforms them in every run, which costs 15 % of its time or less.
  func quantizedWinogradRoom(_ memory: EngineOptions.Memory) -> Int {
    switch memory {
    case .small: return 0
    case .fast: return Int.max
    case .balanced: break
    }
    var bytes = 0
    for node in graph.nodes {
      if case .qLinearConv = node.operation, let w = node[QLinearConv.Input.w] { bytes += shape(w).count }
    }
    return bytes * 4 / 5
  }
}
