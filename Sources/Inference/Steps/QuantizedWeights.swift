import Kernels
import ModelGraph

/// The constants of a convolution or matrix product of 8-bit integers.
struct QuantizedWeights {
  let weights: Graph.ValueID
  /// One, or one for each output channel.
  let scales: Graph.ValueID
  let zeros: Graph.ValueID?
  /// In units of x's scale · w's scale.
  let bias: Graph.ValueID?
  /// x's scale / y's scale (y's is 1 for a float result). Times w's scale it is the factor of a sum.
  let ratio: Float
  /// nil: ONNX's layout of convolution weights.
  var layout: f32_weight_layout?

  /// Weights at `position` of the node's inputs, their scales and zero points behind them; nil unless all are known.
  init?(_ node: Graph.Node, _ position: Int, bias: Int?, ratio: Float, _ planner: Planner) {
    guard let w = node.input(position), let scales = node.input(position + 1), planner.isByte(w), planner.isKnown(w),
      planner.isKnown(scales)
    else { return nil }
    weights = w
    self.scales = scales
    zeros = node.input(position + 2)
    self.bias = bias.flatMap { node.input($0) }
    self.ratio = ratio
    for id in [zeros, self.bias] {
      if let id, !planner.isKnown(id) { return nil }
    }
  }

  var others: [Graph.ValueID?] { [scales, zeros, bias] }

  /// What packing takes besides the weights, one for each output channel.
  struct Channels {
    let isSigned: Int32
    let multipliers: [Float]
    let zeros: [Int32]?
    let bias: [Int32]?
  }

  func channels(_ count: Int, _ packer: Packer) -> Channels? {
    guard let weights = packer.constant(weights), let scales = packer.constant(scales)?.array(of: Float.self) else {
      return nil
    }
    func spread<Number>(_ numbers: [Number]) -> [Number] {
      numbers.count == 1 ? [Number](repeating: numbers[0], count: count) : numbers
    }
    let points = zeros.flatMap { packer.constant($0)?.ints }
    return Channels(
      isSigned: weights.type == .int8 ? 1 : 0, multipliers: spread(scales).map { $0 * ratio },
      zeros: points.map { spread($0.map { Int32(truncatingIfNeeded: $0) }) },
      bias: bias.flatMap { packer.constant($0)?.array(of: Int32.self) })
  }
}
