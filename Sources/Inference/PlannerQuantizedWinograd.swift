import Kernels
import ModelGraph

extension Planner {
  /// Bytes that Winograd's weights, eight times those of 8-bit layers, may add: none where memory is small, once those of
  /// all layers in balance.
  ///
  /// Layers take what they want in the graph's order: the first ones gain most for each byte, having the most pixels.
  func quantizedWinogradRoom(_ options: EngineOptions) -> Int {
    if options.exact || options.memory == .small { return 0 }
    if options.memory == .fast { return Int.max }
    var bytes = 0
    for node in graph.nodes {
      if case .qLinearConv = node.operation, let w = input(node, 3) { bytes += shape(w).count }
    }
    return bytes
  }

  /// `layer` by Winograd, if that applies, should be faster, and there is room for its weights.
  mutating func quantizedWinograd(_ layer: q8_convolution) -> q8_winograd? {
    var winograd = q8_winograd()
    winograd.convolution = layer
    guard quantizedWinogradRoom > 0, q8_winograd_applies(&winograd.convolution) != 0,
      q8_winograd_wins(&winograd.convolution) != 0
    else { return nil }
    q8_winograd_plan(&winograd, kernels_q8_isa_in_use(), Int32(threads))
    guard winograd.packed_bytes <= quantizedWinogradRoom else { return nil }
    quantizedWinogradRoom -= winograd.packed_bytes
    return winograd
  }
}

extension q8_winograd {
  /// `q8_winograd_4x4_s16_igemm_6x16_avx2`
  var name: String {
    var copy = self
    return "q8_winograd_4x4_\(String(cString: q8_winograd_kernel(&copy)))"
  }
}
