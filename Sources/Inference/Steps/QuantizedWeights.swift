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

  /// nil unless all of them are known.
  init?(
    _ weights: Graph.ValueID?, scales: Graph.ValueID?, zeros: Graph.ValueID?, bias: Graph.ValueID?, ratio: Float,
    _ planner: Planner
  ) {
    guard let weights, let scales, planner.isByte(weights), planner.isKnown(weights), planner.isKnown(scales) else {
      return nil
    }
    (self.weights, self.scales, self.zeros, self.bias, self.ratio) = (weights, scales, zeros, bias, ratio)
    for id in [zeros, bias] {
      if let id, !planner.isKnown(id) { return nil }
    }
  }

  var others: [Graph.ValueID?] { [scales, zeros, bias] }

  /// The numbers of each output channel that packing reads besides the weights.
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
