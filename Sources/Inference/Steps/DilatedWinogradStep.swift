import Kernels
import ModelGraph

/// A 3×3 convolution of floats whose taps lie apart, by Winograd: pixels that are a multiple of the dilation apart make pictures
/// of their own, in which the taps are neighbours. They are picked out, convolved as a batch, and put back.
enum DilatedWinogradStep {
  /// Time of moving a float, in multiply-adds (``WinogradCost``).
  private static let movedFloat = 8.0
  /// The part of the direct kernel's time that must be saved.
  private static let leastGain = 0.2

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard !planner.isExact, let layer = try FloatConvolution(candidate, planner), layer.residual == nil,
      let split = Split(layer.geometry), let choice = try choice(split, layer.geometry, planner)
    else { return false }
    var (part, source) = (layer, try planner.operand(layer.x, layer.layout))
    part.geometry = try split.geometry(layer.geometry)
    let (batch, channels, filters) = (layer.geometry.batch, layer.geometry.channels, layer.geometry.filters)
    func append(_ step: any Step, floats: Int, multiplyAdds: Int = 0) {
      let target = planner.newBuffer(byteCount: floats * 4)
      planner.append(
        step, name: layer.name, reads: [source, .none], writes: [target], multiplyAdds: multiplyAdds)
      source = .buffer(target)
    }
    let positions = batch * split.pixels
    if split.isUneven { append(split.padding(batch, channels), floats: positions * channels) }
    append(split.parting(batch, channels), floats: positions * channels)
    append(
      WinogradStep(part, choice, planner), floats: positions * filters, multiplyAdds: layer.geometry.multiplyAdds)
    let target = planner.newBuffer(layer.output, layer.layout)
    planner.append(split.joining(batch, filters), name: layer.name, reads: [source], writes: [target])
    if layer.activation.isClamp { return true }
    let unary = UnaryStep(UnaryFunction(layer.activation), count: planner.shape(layer.output).count, planner)
    planner.append(unary, name: layer.name, reads: [.buffer(target)], writes: [target])
    return true
  }

  /// The fastest form, if it gains.
  private static func choice(
    _ split: Split, _ geometry: ConvolutionGeometry, _ planner: Planner
  ) throws(GraphError) -> WinogradChoice? {
    let part = try split.geometry(geometry)
    let moved = Double(geometry.batch * split.pixels * (geometry.channels + geometry.filters)) * movedFloat
    let direct = WinogradCost(direct: geometry, threads: planner.threads).time
    var (best, time) = (WinogradChoice?.none, direct * (1 - leastGain) - moved / Double(planner.threads))
    for tile in 2...6 {
      // Transformed weights take up to seven times the memory.
      for keepsTaps in planner.memory == .fast ? [true, false] : [true] {
        let choice = WinogradChoice(tile: tile, keepsTaps: keepsTaps)
        let layer = f32_winograd(part, choice, planner.level, threads: planner.threads)
        let cost = WinogradCost(layer, threads: planner.threads)
        if cost.time < time { (best, time) = (choice, cost.time) }
      }
    }
    return best
  }
}

/// How planes are parted by a dilation.
private struct Split {
  private let dilation: Int
  private let height: Int
  private let width: Int
  /// Rows and columns of a part.
  private let partHeight: Int
  private let partWidth: Int

  /// nil for convolutions that cannot be parted.
  init?(_ geometry: ConvolutionGeometry) {
    let (rows, columns) = (geometry.plane.height, geometry.plane.width)
    dilation = rows.dilation
    (height, width) = (rows.input, columns.input)
    for axis in [rows, columns] {
      // A dilation beyond the plane would leave parts of nothing but padding.
      guard axis.kernel == 3, axis.stride == 1, axis.dilation == dilation, axis.dilation < axis.input,
        axis.padBefore == dilation, axis.padAfter == dilation
      else { return nil }
    }
    guard dilation > 1, geometry.group == 1,
      min(geometry.channels, geometry.filters) >= Int(F32_WINOGRAD_LEAST_CHANNELS)
    else { return nil }
    partHeight = (height + dilation - 1) / dilation
    partWidth = (width + dilation - 1) / dilation
  }

  /// Pixels of all parts of a plane.
  var pixels: Int { dilation * partHeight * dilation * partWidth }
  var isUneven: Bool { pixels != height * width }

  /// The convolution of the parts, a picture each.
  func geometry(_ geometry: ConvolutionGeometry) throws(GraphError) -> ConvolutionGeometry {
    try ConvolutionGeometry(
      Window(pads: [1, 1, 1, 1]), group: 1,
      x: [geometry.batch * dilation * dilation, geometry.channels, partHeight, partWidth],
      w: [geometry.filters, geometry.channels, 3, 3], of: Conv.name)
  }

  /// Zeros below and to the right, so that all parts are of the same size.
  func padding(_ batch: Int, _ channels: Int) -> PickStep {
    func places(_ count: Int, _ padded: Int, _ step: Int) -> [Int] {
      (0..<padded).map { $0 < count ? $0 * step : Int.min }
    }
    return PickStep(floats: [
      (batch, height * width * channels, nil),
      (dilation * partHeight, 0, places(height, dilation * partHeight, width * channels)),
      (dilation * partWidth, 0, places(width, dilation * partWidth, channels)), (channels, 1, nil),
    ])
  }

  func parting(_ batch: Int, _ channels: Int) -> PickStep {
    let row = dilation * partWidth * channels
    return PickStep(floats: [
      (batch, pixels * channels, nil), (dilation, row, nil), (dilation, channels, nil),
      (partHeight, dilation * row, nil), (partWidth, dilation * channels, nil), (channels, 1, nil),
    ])
  }

  func joining(_ batch: Int, _ filters: Int) -> PickStep {
    let (row, part) = (partWidth * filters, partHeight * partWidth * filters)
    func places(_ count: Int, _ apart: Int, _ inside: Int) -> [Int] {
      (0..<count).map { $0 % dilation * apart + $0 / dilation * inside }
    }
    return PickStep(floats: [
      (batch, pixels * filters, nil), (height, 0, places(height, dilation * part, row)),
      (width, 0, places(width, part, filters)), (filters, 1, nil),
    ])
  }
}
