import ModelGraph
import TestSupport

/// Inverted residual blocks with all elements of MobileNets, and channels of very different ranges.
struct SmallInvertedNet {
  private(set) var graph = Graph(name: "inverted")
  private var noise: Noise
  private let activation: String

  /// - Parameters:
  ///   - activation: `Relu`, `Clip` (0 to 6), `HardSwish` or `Swish`, spelled with a Sigmoid.
  ///   - gated: with squeeze-and-excitation.
  ///   - spread: the channels' ranges go from 1 to this.
  init(seed: Int, _ activation: String, gated: Bool = false, spread: Float = 30) throws {
    noise = Noise(seed)
    self.activation = activation
    var x = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(16), .fixed(16)]))
    x = try activated(try conv("stem", x, from: 3, to: 8, kernel: 3, stride: 2, spread: spread))
    for index in 0..<2 {
      let name = "block\(index)"
      var y = try activated(try conv("\(name)_expand", x, from: 8, to: 24, spread: spread))
      y = try activated(try conv("\(name)_depthwise", y, from: 24, to: 24, kernel: 3, groups: 24, spread: spread))
      if gated { y = try gate(name, y) }
      y = try conv("\(name)_project", y, from: 24, to: 8, spread: spread)
      x = try node("Add", "\(name)_sum", [x, y])
    }
    x = try activated(try conv("last", x, from: 8, to: 32, spread: spread))
    x = try node("Flatten", "flat", [try node("GlobalAveragePool", "average", [x])])
    let w = graph.addConstant("head_w", try noise.tensor([3, 32], scale: 0.3))
    let b = graph.addConstant("head_b", try noise.tensor([3], scale: 0.2))
    graph.outputs = [
      graph.add(try Operator(named: "Gemm", inputCount: 3, [.int("transB", 1)]), "scores", [x, w, b])
    ]
  }

  private mutating func node(
    _ operation: String, _ name: String, _ inputs: [Int], _ attributes: [Attribute] = []
  ) throws -> Int {
    graph.add(try Operator(named: operation, inputCount: inputs.count, attributes), name, inputs)
  }

  private mutating func activated(_ x: Int) throws -> Int {
    let name = "activation\(graph.nodes.count)"
    switch activation {
    case "Clip":
      let low = graph.addConstant("\(name)_low", try Tensor(scalar: Float(0)))
      let high = graph.addConstant("\(name)_high", try Tensor(scalar: Float(6)))
      return try node("Clip", name, [x, low, high])
    case "Swish": return try node("Mul", name, [x, try node("Sigmoid", "\(name)_sigmoid", [x])])
    default: return try node(activation, name, [x])
    }
  }

  private mutating func gate(_ block: String, _ x: Int) throws -> Int {
    var y = try node("GlobalAveragePool", "\(block)_squeeze", [x])
    y = try node("Relu", "\(block)_fc1_relu", [try conv("\(block)_fc1", y, from: 24, to: 8, spread: 1)])
    y = try conv("\(block)_fc2", y, from: 8, to: 24, spread: 1)
    return try node("Mul", "\(block)_scale", [x, try node("HardSigmoid", "\(block)_gate", [y])])
  }

  /// Each output channel's weights have a size of their own, up to `spread` times that of the smallest, and each input
  /// channel's are divided by a size, so that the numbers stay in bounds.
  private mutating func conv(
    _ name: String, _ x: Int, from: Int, to: Int, kernel: Int = 1, stride: Int = 1, groups: Int = 1, spread: Float
  ) throws -> Int {
    let taps = kernel * kernel
    let scale = 1.5 / Float(from / groups * taps).squareRoot()
    var weights = try noise.tensor([to, from / groups, kernel, kernel], scale: scale).array(of: Float.self)
    let sizes = (0..<to).map { _ in 2 * (1 + abs(noise.float()) * (spread - 1)) / (spread + 1) }
    let step = weights.count / to
    for index in weights.indices { weights[index] *= sizes[index / step] }
    let bias = sizes.map { $0 * noise.float() * 0.3 }
    let w = graph.addConstant("\(name)_w", try Tensor([to, from / groups, kernel, kernel], weights))
    let b = graph.addConstant("\(name)_b", try Tensor([to], bias))
    let pad = kernel / 2
    return try node(
      "Conv", name, [x, w, b],
      [.ints("pads", [pad, pad, pad, pad]), .ints("strides", [stride, stride]), .int("group", groups)])
  }
}
