import Kernels
import ModelGraph

/// How a layer of floats is run by Winograd.
struct WinogradChoice {
  /// Most outputs of a tile along each side.
  let tile: Int
  /// Whether weights stay as they are and are transformed in every run.
  let keepsTaps: Bool
}

extension Planner {
  /// Choosing takes time with the square of the number of candidates. No network has so many (a 3×3 convolution has
  /// ten); a graph that does is run by direct kernels.
  private static let mostCandidates = 10_000

  /// How each convolution is run by Winograd, by its output; nil for those that are run directly.
  ///
  /// Memory for transformed weights goes to the layers that gain most for each byte.
  func chooseWinograd(_ memory: EngineOptions.Memory) -> [WinogradChoice?] {
    var choices = [WinogradChoice?](repeating: nil, count: facts.count)
    if isExact || multipliesBfloat16 { return choices }
    var candidates: [(output: Graph.ValueID, choice: WinogradChoice, cost: WinogradCost)] = []
    var chosen = [WinogradCost?](repeating: nil, count: facts.count)
    var directBytes = 0
    for node in graph.nodes {
      guard let output = node.firstOutput, let geometry = geometry(node) else { continue }
      directBytes += geometry.filters * geometry.groupChannels * geometry.plane.taps * 4
      guard isWinograd(geometry) else { continue }
      chosen[output] = WinogradCost(direct: geometry, threads: threads)
      for tile in 2...6 where geometry.plane.height.stride == 1 || tile == 2 || tile == 4 {
        for keepsTaps in [true, false] {
          let choice = WinogradChoice(tile: tile, keepsTaps: keepsTaps)
          let layer = f32_winograd(geometry, choice, level, threads: threads)
          candidates.append((output, choice, WinogradCost(layer, threads: threads)))
        }
      }
    }
    if candidates.count > Planner.mostCandidates { return choices }
    var room =
      switch memory {
      case .small: 0
      case .balanced: directBytes * 3 / 5
      case .fast: Int.max
      }
    // One change at a time, of one layer to something faster than what it has so far: the change that gains most for
    // the bytes that it adds, and before all others those that add none.
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

  /// Of a float convolution with constant weights.
  private func geometry(_ node: Graph.Node) -> ConvolutionGeometry? {
    guard let x = node[Conv.Input.x], let w = node[Conv.Input.w], isFloat(x), isKnown(w), isFloat(w) else {
      return nil
    }
    let geometry: ConvolutionGeometry?
    switch node.operation {
    case .conv(let conv): geometry = try? conv.geometry(x: shape(x), w: shape(w))
    case .fusedConv(let conv): geometry = try? conv.geometry(x: shape(x), w: shape(w))
    default: return nil
    }
    return geometry?.plane.isFlat == true ? geometry : nil
  }
}
