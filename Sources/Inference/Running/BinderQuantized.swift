import Kernels
import ModelGraph

/// What packing a quantised layer takes beside its weights, spread over its output channels.
private struct LayerConstants {
  let multipliers: [Float]
  let zeros: [Int32]?
  let bias: [Int32]?
  let isSigned: Int32

  init?(_ source: QuantizedWeights, _ binder: borrowing Binder, channels: Int) {
    guard let weights = binder.constant(source.weights),
      let scales = binder.constant(source.scales)?.array(of: Float.self)
    else { return nil }
    func spread<Number>(_ numbers: [Number]) -> [Number] {
      numbers.count == 1 ? [Number](repeating: numbers[0], count: channels) : numbers
    }
    isSigned = weights.type == .int8 ? 1 : 0
    multipliers = spread(scales).map { $0 * source.ratio }
    zeros = source.zeros.flatMap { binder.constant($0)?.ints }.map {
      spread($0.map { Int32(truncatingIfNeeded: $0) })
    }
    bias = source.bias.flatMap { binder.constant($0)?.array(of: Int32.self) }
  }
}

extension Binder {
  /// Packs a quantised convolution's weights at `packed`, or elsewhere if they want more room than planned. Says where.
  mutating func pack(
    _ work: inout q8_convolution, _ source: QuantizedWeights, into packed: UnsafeMutableRawPointer
  ) throws(GraphError) -> UnsafeMutableRawPointer {
    guard let layer = LayerConstants(source, self, channels: work.out_channels) else { return packed }
    let layout = source.layout ?? q8_convolution_layout(&work)
    func fill(_ target: UnsafeMutableRawPointer, _ room: Int) -> Int {
      var size = 0
      withWeights(source.weights) { weights in
        size = q8_convolution_pack(
          &work, weights, layer.isSigned, layout, layer.zeros, layer.bias, layer.multipliers, nil, target, room)
      }
      return size
    }
    let size = fill(packed, work.packed_bytes)
    if size <= work.packed_bytes { return packed }
    let larger = try addWeights(size)
    _ = fill(larger, size)
    return larger
  }

  func pack(_ work: inout q8_winograd, _ source: QuantizedWeights, into packed: UnsafeMutableRawPointer) {
    guard let layer = LayerConstants(source, self, channels: work.convolution.out_channels) else { return }
    let layout = source.layout ?? q8_convolution_layout(&work.convolution)
    withUnsafePointer(to: &work) { work in
      withWeights(source.weights) { weights in
        layer.multipliers.withUnsafeBufferPointer { multipliers in
          withNumbers(layer.zeros) { zeros in
            withNumbers(layer.bias) { bias in
              inParallel(
                q8_winograd_panels(work), q8_winograd_pack_task,
                q8_winograd_packing(
                  winograd: work, w: weights, w_signed: layer.isSigned, layout: layout, w_zeros: zeros, bias: bias,
                  multipliers: multipliers.baseAddress, shifts: nil, packed: packed))
            }
          }
        }
      }
    }
  }

  private func withNumbers(_ numbers: [Int32]?, _ body: (UnsafePointer<Int32>?) -> Void) {
    guard let numbers else { return body(nil) }
    numbers.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}
