import Kernels
import ModelGraph

/// Estimated time of a layer, direct or by Winograd. The unit is the time of one multiply-add of one thread at full
/// speed.
///
/// The direct kernel multiplies at full speed. Winograd does a quarter of the multiplications or fewer, and transforms
/// each tile's inputs and outputs; threads share both (all but the transform of a few inputs, which hardly matters).
/// Its weights are up to seven times as many and come from memory, because a run touches more weights than caches hold;
/// threads share the memory's bandwidth. Kernels prefetch weights, so that the longer of computation and transfer hides
/// most of the shorter. Weights kept as taps are as few as the direct kernel's, but are transformed again for every
/// block of tiles. The constants were measured on a Zen 4 with AVX-512, with one thread and with two.
struct WinogradCost {
  /// Time of a byte of weights: of all threads together, and of each thread by itself.
  static let weightByte = 1.6
  static let weightByteAlone = 0.9
  /// The part of the shorter of computation and transfer that is not hidden.
  static let seen = 0.1
  /// Time of transforming one weight, which is spent on writing it.
  static let transformedWeight = 3.75
  /// Time of a product straight from taps, relative to one of stored weights.
  static let productFromTaps = 1.15
  /// Time of adding to a sum in memory: once for each block of channels after the first.
  static let addedSum = 2.5
  /// The part of a layer's time that more memory must save; the estimates are no more accurate than that.
  static let leastGain = 0.04

  let time: Double
  /// Bytes of packed weights.
  let bytes: Int

  private init(multiplyAdds: Double, bytes: Double, threads: Int) {
    let work = multiplyAdds / Double(threads)
    let transfer = bytes * (Self.weightByte + Self.weightByteAlone / Double(threads))
    time = max(work, transfer) + min(work, transfer) * Self.seen
    self.bytes = Int(bytes)
  }

  init(direct geometry: ConvolutionGeometry, threads: Int) {
    let weights = Double(9 * geometry.channels * geometry.filters)
    let pixels = Double(geometry.batch * geometry.plane.height.output * geometry.plane.width.output)
    self.init(multiplyAdds: pixels * weights, bytes: 4 * weights, threads: threads)
  }

  init(_ layer: f32_winograd, threads: Int) {
    let (inputs, outputs, products) = (
      Double(layer.geometry.in_channels), Double(layer.geometry.out_channels), Double(layer.products)
    )
    let sets = Double((layer.tile + 2) * (layer.tile + 2))
    // Time of transforming a channel's inputs or outputs, per product: longer rows take longer.
    let transform = 8 + Double(layer.tile)
    var work = products * (inputs * outputs + transform * (inputs + outputs))
    if layer.multiplies_taps != 0 {
      work *= Self.productFromTaps
    } else if layer.keeps_taps != 0 {
      work += sets * inputs * outputs * Self.transformedWeight * Double(layer.tile_blocks)
      work += products * outputs * Self.addedSum * Double((layer.geometry.in_channels - 1) / layer.channel_block)
    }
    let weights = (layer.keeps_taps != 0 ? 9 : sets) * inputs * outputs
    self.init(multiplyAdds: work, bytes: 4 * weights, threads: threads)
  }
}
