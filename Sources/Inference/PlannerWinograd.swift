import Kernels
import ModelGraph

/// What a layer costs directly and by Winograd, in the time of so many multiply-adds of one thread at full speed.
///
/// The direct kernel multiplies at full speed. Winograd multiplies a quarter as often or less and transforms each tile's
/// inputs and outputs; threads share that. Its weights are up to seven times as many and come from memory, since a run goes
/// over more weights than caches hold; that threads share only in part. Kernels fetch them ahead, so that the longer of the
/// two hides most of the other. Constants measured on a Zen 4 with AVX-512, one thread and two.
struct WinogradCost {
  /// Of a byte of weights: for all threads together, and what each of them waits.
  static let weightByte = 0.9
  static let weightByteAlone = 1.6
  /// The part of the shorter that is not hidden.
  static let seen = 0.1

  var gain: Double
  /// Bytes of weights beyond the direct kernel's.
  var extraBytes: Int

  init(_ layer: f32_winograd, threads: Int) {
    let (inputs, outputs) = (Double(layer.in_channels), Double(layer.out_channels))
    func time(_ multiplyAdds: Double, bytes: Double) -> Double {
      let work = multiplyAdds / Double(threads)
      let transfer = bytes * (Self.weightByte + Self.weightByteAlone / Double(threads))
      return max(work, transfer) + min(work, transfer) * Self.seen
    }
    let directBytes = 36 * inputs * outputs
    let sets = Double((layer.tile + 2) * (layer.tile + 2))
    let bytes = 4 * sets * inputs * outputs
    let pixels = Double(layer.batch * layer.out_height * layer.out_width)
    let direct = time(pixels * 9 * inputs * outputs, bytes: directBytes)
    // Of one product of a channel's inputs or outputs: longer lines take longer.
    let transform = 8 + Double(layer.tile)
    let winograd = time(
      Double(layer.products) * (inputs * outputs + transform * (inputs + outputs)), bytes: bytes)
    gain = direct - winograd
    extraBytes = Int(bytes - directBytes)
  }
}

extension Planner {
  /// The tile of every Conv that is to be run by Winograd, by its output; 0 for the others.
  ///
  /// Where memory is limited, the steps that gain most for their bytes go first.
  func chooseWinograd(_ options: EngineOptions) -> [Int] {
    var tiles = [Int](repeating: 0, count: facts.count)
    if options.exact || options.memory == .small { return tiles }
    var candidates: [(output: Graph.ValueID, tile: Int, cost: WinogradCost)] = []
    var chosen = [WinogradCost?](repeating: nil, count: facts.count)
    var directBytes = 0
    for node in graph.nodes {
      guard let output = node.outputs.first ?? nil, let geometry = geometry(node) else { continue }
      directBytes +=
        geometry.filters * geometry.groupChannels * geometry.plane.height.kernel
        * geometry.plane.width.kernel * 4
      guard isWinograd(geometry) else { continue }
      for tile in 2...6 where geometry.plane.height.stride == 1 || tile == 2 || tile == 4 {
        let cost = WinogradCost(winograd(geometry, tile: tile), threads: threads)
        if cost.gain > 0 { candidates.append((output, tile, cost)) }
      }
    }
    // One step at a time, from the direct kernel to a tile or from a tile to a larger one: what gains most for the bytes
    // that it adds.
    var room = options.memory == .fast ? Int.max : directBytes * 3 / 5
    while true {
      var best: (index: Int, gain: Double, bytes: Int)?
      for index in candidates.indices {
        let (output, _, cost) = candidates[index]
        let gain = cost.gain - (chosen[output]?.gain ?? 0)
        let bytes = cost.extraBytes - (chosen[output]?.extraBytes ?? 0)
        guard gain > 0, bytes <= room else { continue }
        if let best, gain * Double(best.bytes) <= best.gain * Double(bytes) { continue }
        best = (index, gain, bytes)
      }
      guard let best else { break }
      let (output, tile, cost) = candidates[best.index]
      room -= best.bytes
      chosen[output] = cost
      tiles[output] = tile
    }
    return tiles
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
  func winograd(_ geometry: ConvolutionGeometry, tile: Int) -> f32_winograd {
    let (height, width) = (geometry.plane.height, geometry.plane.width)
    var layer = f32_winograd()
    (layer.stride, layer.tile) = (height.stride, tile)
    (layer.batch, layer.in_channels, layer.out_channels) = (geometry.batch, geometry.channels, geometry.filters)
    (layer.in_height, layer.in_width) = (height.input, width.input)
    (layer.out_height, layer.out_width) = (height.output, width.output)
    (layer.pad_top, layer.pad_left) = (height.padBefore, width.padBefore)
    f32_winograd_plan(&layer, isa, Int32(threads))
    return layer
  }
}

extension f32_winograd {
  /// `f32_winograd_4x4_avx2`, `f32_winograd_2x2_stride2_avx512`
  var name: String {
    "f32_winograd_\(tile)x\(tile)_\(stride == 2 ? "stride2_" : "")\(String(cString: kernels_isa_name(isa)))"
  }
}
