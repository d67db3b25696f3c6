import ModelGraph
import TestSupport

/// A residual network with all elements of ResNets, including batch normalisation.
struct SmallResidualNet {
  private(set) var graph = Graph(name: "small")
  private var noise: Noise

  /// - Parameter joins: fastai's concat pooling, both global poolings side by side.
  init(seed: Int, joins: Bool = false) throws {
    noise = Noise(seed)
    let input = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(20), .fixed(20)]))
    var x = try relu(try conv("stem", input, from: 3, to: 16, kernel: 5, stride: 2))
    let pooling: [Attribute] = [
      .ints("kernel_shape", [3, 3]), .ints("strides", [2, 2]), .ints("pads", [1, 1, 1, 1]),
    ]
    x = graph.add(try Operator(named: "MaxPool", pooling), "pool", [x])
    var y = try relu(try conv("a1", x, from: 16, to: 16))
    y = try conv("a2", y, from: 16, to: 16)
    x = try relu(graph.add(try Operator(named: "Add", inputCount: 2), "a", [y, x]))
    y = try relu(try conv("b1", x, from: 16, to: 24, stride: 2))
    y = try conv("b2", y, from: 24, to: 24)
    let shortcut = try conv("b0", x, from: 16, to: 24, kernel: 1, stride: 2)
    x = try relu(graph.add(try Operator(named: "Add", inputCount: 2), "b", [y, shortcut]))
    let average = graph.add(try Operator(named: "GlobalAveragePool"), "average", [x])
    if joins {
      let most = graph.add(try Operator(named: "GlobalMaxPool"), "most", [x])
      x = graph.add(try Operator(named: "Concat", inputCount: 2, [.int("axis", 1)]), "joined", [most, average])
    } else {
      x = average
    }
    x = graph.add(try Operator(named: "Flatten"), "flat", [x])
    let w = graph.addConstant("head_weight", try noise.tensor([joins ? 48 : 24, 3], scale: 0.5))
    let b = graph.addConstant("head_bias", try noise.tensor([3], scale: 0.2))
    graph.outputs = [graph.add(try Operator(named: "Gemm", inputCount: 3), "scores", [x, w, b])]
  }

  private mutating func relu(_ x: Int) throws -> Int {
    graph.add(try Operator(named: "Relu"), "relu\(graph.nodes.count)", [x])
  }

  private mutating func conv(
    _ name: String, _ x: Int, from: Int, to: Int, kernel: Int = 3, stride: Int = 1
  ) throws -> Int {
    let scale = 1.7 / Float(from * kernel * kernel).squareRoot()
    let w = graph.addConstant("\(name)_w", try noise.tensor([to, from, kernel, kernel], scale: scale))
    let pad = kernel / 2
    let attributes: [Attribute] = [.ints("pads", [pad, pad, pad, pad]), .ints("strides", [stride, stride])]
    let y = graph.add(try Operator(named: "Conv", inputCount: 2, attributes), name, [x, w])
    let norm = [
      try noise.tensor([to], scale: 0.4, offset: 1), try noise.tensor([to], scale: 0.2),
      try noise.tensor([to], scale: 0.1), try noise.tensor([to], scale: 0.3, offset: 1),
    ]
    var inputs = [y]
    for (index, tensor) in norm.enumerated() { inputs.append(graph.addConstant("\(name)_bn\(index)", tensor)) }
    return graph.add(try Operator(named: "BatchNormalization", inputCount: 5), "\(name)_bn", inputs)
  }
}
