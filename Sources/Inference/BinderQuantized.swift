import Kernels
import ModelGraph

/// What packing a quantised layer takes, spread over its output channels.
private struct LayerConstants {
  let weights: Tensor
  let multipliers: [Float]
  let zeros: [Int32]?
  let bias: [Int32]?

  init?(_ source: QuantizedWeights, _ constants: [Tensor?], channels: Int) {
    guard let weights = constants[source.weights], let scales = constants[source.scales]?.array(of: Float.self) else {
      return nil
    }
    self.weights = weights
    func spread<Number>(_ numbers: [Number]) -> [Number] {
      numbers.count == 1 ? [Number](repeating: numbers[0], count: channels) : numbers
    }
    multipliers = spread(scales).map { $0 * source.ratio }
    zeros = source.zeros.flatMap { constants[$0]?.ints }.map { spread($0.map { Int32(truncatingIfNeeded: $0) }) }
    bias = source.bias.flatMap { constants[$0]?.array(of: Int32.self) }
  }

  var isSigned: Int32 { weights.type == .int8 ? 1 : 0 }
}

extension Binder {
  /// Packs a quantised convolution's weights and says how many bytes that takes; with `packed` nil it only says.
  static func pack(
    _ work: inout q8_convolution, _ source: QuantizedWeights, _ constants: [Tensor?],
    into packed: UnsafeMutableRawPointer?
  ) -> Int {
    guard let layer = LayerConstants(source, constants, channels: work.out_channels) else { return 0 }
    let layout = source.layout ?? q8_convolution_layout(&work)
    return layer.weights.withBytes { bytes in
      q8_convolution_pack(
        &work, bytes.baseAddress, layer.isSigned, layout, layer.zeros, layer.bias, layer.multipliers, nil, packed)
    }
  }

  static func pack(
    _ work: inout q8_winograd, _ source: QuantizedWeights, _ constants: [Tensor?],
    into packed: UnsafeMutableRawPointer
  ) {
    guard let layer = LayerConstants(source, constants, channels: work.convolution.out_channels) else { return }
    let layout = source.layout ?? q8_convolution_layout(&work.convolution)
    layer.weights.withBytes { bytes in
      q8_winograd_pack(
        &work, bytes.baseAddress, layer.isSigned, layout, layer.zeros, layer.bias, layer.multipliers, nil, packed)
    }
  }
}
