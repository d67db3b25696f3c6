import Kernels
import ModelGraph

/// How a layer is run by Winograd.
struct WinogradChoice {
  /// Most outputs of a tile along each side; 0 for no Winograd.
  var tile = 0
  /// Weights stay as they are, and are transformed in every run.
  var keepsTaps = false
}

/// What a layer costs directly or by Winograd, in the time of so many multiply-adds of one thread at full speed.
///
/// The direct kernel multiplies at full speed. Winograd multiplies a quarter as often or less and transforms each tile's
/// inputs and outputs; threads share that (but the few inputs of taps, where it hardly matters). Its weights are up to seven
/// times as many and come from memory, since a run goes over more weights than caches hold; that threads share only in part.
/// Kernels fetch them ahead, so that the longer of the two hides most of the other. Where the weights are kept as taps they are no more than the direct kernel's, but they
/// are transformed again for every block of tiles. Constants measured on a Zen 4 with AVX-512, one thread and two.
struct WinogradCost {
  /// Of a byte of weights: for all threads together, and what each of them waits.
  static let weightByte = 1.6
  static let weightByteAlone = 0.9
  /// The part of the shorter that is not hidden.
  static let seen = 0.1
  /// Of a transformed weight: what takes its time is that it must be written.
  static let transformedWeight = 3.75
  /// Of a product straight from taps, beside one of stored weights.
  static let productFromTaps = 1.15
  /// Of adding to a sum in memory: once for each block of channels after the first.
  static let addedSum = 2.5
  /// The part of a layer's time that more memory must save. These estimates are no better than that.
  static let leastGain = 0.04

  var time: Double
  var bytes: Int

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
    let (inputs, outputs, products) = (Double(layer.in_channels), Double(layer.out_channels), Double(layer.products))
    let sets = Double((layer.tile + 2) * (layer.tile + 2))
    // Of one product of a channel's inputs or outputs: longer lines take longer.
    let transform = 8 + Double(layer.tile)
    var work = products * (inputs * outputs + transform * (inputs + outputs))
    if layer.multiplies_taps != 0 {
      work *= Self.productFromTaps
    } else if layer.keeps_taps != 0 {
      work += sets * inputs * outputs * Self.transformedWeight * Double(layer.tile_blocks)
      work += products * outputs * Self.addedSum * Double((layer.in_channels - 1) / layer.channel_block)
    }
    let weights = (layer.keeps_taps != 0 ? 9 : sets) * inputs * outputs
    self.init(multiplyAdds: work, bytes: 4 * weights, threads: threads)
  }
}

extension Planner {
  /// Comparing takes time with the square of them. Of so many no network has (ten for each 3 × 3 convolution): one that
  /// does is run by direct kernels.
  private static let mostComparedChoices = 10_000

  /// How every Conv is to be run, by its output.
  ///
  /// Where memory is limited, the steps that gain most for their bytes go first.
  func chooseWinograd(_ options: EngineOptions) -> [WinogradChoice] {
    var choices = [WinogradChoice](repeating: WinogradChoice(), count: facts.count)
    if options.exact { return choices }
    var candidates: [(output: Graph.ValueID, choice: WinogradChoice, cost: WinogradCost)] = []
    var chosen = [WinogradCost?](repeating: nil, count: facts.count)
    var directBytes = 0
    for node in graph.nodes {
      guard let output = node.outputs.first ?? nil, let geometry = geometry(node) else { continue }
      directBytes +=
        geometry.filters * geometry.groupChannels * geometry.plane.height.kernel
        * geometry.plane.width.kernel * 4
      guard isWinograd(geometry) else { continue }
      chosen[output] = WinogradCost(direct: geometry, threads: threads)
      for tile in 2...6 where geometry.plane.height.stride == 1 || tile == 2 || tile == 4 {
        for keepsTaps in [true, false] {
          let choice = WinogradChoice(tile: tile, keepsTaps: keepsTaps)
          candidates.append((output, choice, WinogradCost(winograd(geometry, choice), threads: threads)))
        }
      }
    }
    // One step at a time, from what a layer is run by so far to something faster: what gains most for the bytes that it
    // adds, first of all what adds none.
    var room =
      switch options.memory {
      case .small: 0
      case .balanced: directBytes * 3 / 5
      case .fast: Int.max
      }
    if candidates.count > Planner.mostComparedChoices { return choices }
    while true {
      var best: (index: Int, gain: Double, bytes: Int)?
      for index in candidates.indices {
        let (output, _, cost) = candidates[index]
        guard let now = chosen[output] else { continue }
        let gain = now.time - cost.time
        let bytes = cost.bytes - now.bytes
        guard bytes <= room, gain > (bytes > 0 ? now.time * WinogradCost.leastGain : 0) else { continue }
        if let best, gain * Double(max(best.bytes, 0)) <= best.gain * Double(max(bytes, 0)) { continue }
        best = (index, gain, bytes)
      }
      guard let best else { break }
      let (output, choice, cost) = candidates[best.index]
      room -= best.bytes
      chosen[output] = cost
      choices[output] = choice
    }
    return choices
  }

  private func isWinograd(_ geometry: ConvolutionGeometry) -> Bool {
    let (height, width) = (geometry.plane.height, geometry.plane.width)
    return geometry.group == 1 && height.kernel == 3 && width.kernel == 3 && height.stride == width.stride
      && (height.stride == 1 || height.stride == 2)
      && height.dilation == 1 && width.dilation == 1
      && min(geometry.channels, geometry.filters) >= Int(F32_WINOGRAD_LEAST_CHANNELS)
  }

  private func geometry(_ node: Graph.Node) -> ConvolutionGeometry? {
    guard let x = input(node, 0), let w = input(node, 1), isFloat(x), isKnown(w), isFloat(w) else { return nil }
    switch node.operation {
    case .conv(let conv): return try? conv.geometry(x: shape(x), w: shape(w))
    case .fusedConv(let conv): return try? conv.geometry(x: shape(x), w: shape(w))
    default: return nil
    }
  }

  /// The kernel's parameters, planned.
  func winograd(_ geometry: ConvolutionGeometry, _ choice: WinogradChoice) -> f32_winograd {
    let (height, width) = (geometry.plane.height, geometry.plane.width)
    var layer = f32_winograd()
    (layer.stride, layer.tile, layer.keeps_taps) = (height.stride, choice.tile, choice.keepsTaps ? 1 : 0)
    (layer.batch, layer.in_channels, layer.out_channels) = (geometry.batch, geometry.channels, geometry.filters)
    (layer.in_height, layer.in_width) = (height.input, width.input)
    (layer.out_height, layer.out_width) = (height.output, width.output)
    (layer.pad_top, layer.pad_left) = (height.padBefore, width.padBefore)
    f32_winograd_plan(&layer, isa, Int32(threads))
    return layer
  }
}

extension f32_winograd {
  /// `f32_winograd_4x4_avx2`, `f32_winograd_2x2_stride2_avx512`, `f32_winograd_4x4_taps_avx2`, `f32_winograd_4x4_taps_24x16_avx512`
  var name: String {
    let taps = multiplies_taps != 0 ? "taps_24x16_" : keeps_taps != 0 ? "taps_" : ""
    let form = (stride == 2 ? "stride2_" : "") + taps
    return "f32_winograd_\(tile)x\(tile)_\(form)\(String(cString: kernels_level_name(kernels_level_base(isa))))"
  }
}
