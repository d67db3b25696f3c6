import Kernels
import ModelGraph

extension Planner {
  /// Bytes that transformed weights, eight times those of 8-bit layers, may add: none where memory is small, four fifths of
  /// those of all layers in balance.
  ///
  /// Layers take what they want in the graph's order: the first ones gain most for each byte, having the most pixels. Those for
  /// which nothing is left keep their taps and transform them while they run, at 15 % or less of their time. Those with few
  /// tiles, for which stored weights would not win, multiply taps as they come.
  func quantizedWinogradRoom(_ options: EngineOptions) -> Int {
    switch options.memory {
    case .small: return 0
    case .fast: return Int.max
    case .balanced: break
    }
    var bytes = 0
    for node in graph.nodes {
      if case .qLinearConv = node.operation, let w = input(node, 3) { bytes += shape(w).count }
    }
    return bytes * 4 / 5
  }

  /// `layer` by Winograd, if that applies and should be faster.
  mutating func quantizedWinograd(_ layer: q8_convolution, _ weights: QuantizedWeights) -> q8_winograd? {
    var winograd = q8_winograd()
    winograd.convolution = layer
    guard !isExact, q8_winograd_applies(&winograd.convolution) != 0 else { return nil }
    var taps = winograd
    taps.keeps_taps = 1
    q8_winograd_plan(&winograd, isa, Int32(threads))
    q8_winograd_plan(&taps, isa, Int32(threads))
    let added = winograd.packed_bytes - taps.packed_bytes
    if q8_winograd_wins(&winograd) != 0, added <= quantizedWinogradRoom {
      quantizedWinogradRoom -= added
      return winograd
    }
    return q8_winograd_wins(&taps) != 0 && zeroPointsMakeS8(weights) ? taps : nil
  }

  /// Whether weights less their zero points are s8, as taps must be.
  private func zeroPointsMakeS8(_ weights: QuantizedWeights) -> Bool {
    let zero = type(weights.weights) == .int8 ? 0 : 128
    guard let zeros = weights.zeros else { return zero == 0 }
    return constant(zeros)?.ints?.allSatisfy { $0 == zero } ?? false
  }
}

extension q8_winograd {
  /// `q8_winograd_4x4_s16_igemm_6x16_avx2`, `q8_winograd_4x4_taps_s16_igemm_12x32_avx512vnni`,
  /// `q8_winograd_4x4_s16_taps_24x16_avx512vnni`
  var name: String {
    var copy = self
    let form = keeps_taps != 0 && multiplies_taps == 0 ? "taps_" : ""
    return "q8_winograd_4x4_\(form)\(String(cString: q8_winograd_kernel(&copy)))"
  }
}
