import Kernels
import ModelGraph

extension Binder {
  /// Packs a quantised convolution's weights and says how many bytes that takes; with `packed` nil it only says.
  static func pack(
    _ work: inout q8_convolution, _ source: QuantizedWeights, _ constants: [Tensor?],
    into packed: UnsafeMutableRawPointer?
  ) -> Int {
    guard let weights = constants[source.weights], let scales = constants[source.scales]?.array(of: Float.self) else {
      return 0
    }
    let channels = work.out_channels
    func spread<Number>(_ numbers: [Number]) -> [Number] {
      numbers.count == 1 ? [Number](repeating: numbers[0], count: channels) : numbers
    }
    let multipliers = spread(scales).map { $0 * source.ratio }
    let zeros = source.zeros.flatMap { constants[$0]?.ints }.map { spread($0.map { Int32(truncatingIfNeeded: $0) }) }
    let bias = source.bias.flatMap { constants[$0]?.array(of: Int32.self) }
    let layout = source.layout ?? q8_convolution_layout(&work)
    return weights.withBytes { bytes in
      q8_convolution_pack(
        &work, bytes.baseAddress, weights.type == .int8 ? 1 : 0, layout, zeros, bias, multipliers, nil, packed)
    }
  }
}
