import Datasets
import ModelGraph

/// Appends layers with fresh weights to a graph. A layer `name` has its weights in constants `name.weight`, `name.bias`,
/// `name.running_mean`, `name.running_var`, as PyTorch names them.
struct NetworkBuilder {
  enum LinearInitialization {
    /// PyTorch's `nn.Linear`: weights and bias uniform within ±1/√in.
    case torch
    /// fastai's head: normal with deviation √(2/in) (Kaiming, fan-in), no bias.
    case fastai
    /// torchvision's MobileNets: normal with deviation 0.01, bias 0.
    case small
  }

  var graph: Graph
  private let seed: UInt64
  /// Number of weight tensors so far. Each tensor draws from its own random stream.
  private var stream: UInt64 = 0
  /// 0 and 6, which all ReLU6 share.
  private var sixBounds: (low: Graph.ValueID, high: Graph.ValueID)?

  init(name: String, seed: UInt64) {
    graph = Graph(name: name)
    self.seed = seed
  }

  /// For layers added to an existing graph: their random streams differ from those of a body with the same seed.
  init(extending graph: Graph, seed: UInt64) {
    self.graph = graph
    self.seed = seed
    stream = 1 << 32
  }

  /// Conv, weights [to, from/groups, kernel, kernel] normal with deviation √(2/(kernel²·to)): He et al.,
  /// "Delving Deep into Rectifiers" (2015), fan-out, as torchvision does it, also with groups. The bias is 0.
  mutating func convolution(
    _ name: String, _ x: Graph.ValueID, from: Int, to: Int, kernel: Int, stride: Int, groups: Int = 1,
    hasBias: Bool = false
  ) throws(GraphError) -> Graph.ValueID {
    let deviation = (2 / Float(kernel * kernel * to)).squareRoot()
    let shape: Shape = [to, from / groups, kernel, kernel]
    var inputs: [Graph.ValueID?] = [
      x, graph.addConstant("\(name).weight", try normal(shape, deviation: deviation)),
    ]
    if hasBias { inputs.append(graph.addConstant("\(name).bias", try Tensor(zeros: [to]))) }
    let pad = kernel / 2
    var attributes: [Attribute] = [
      .ints("kernel_shape", [kernel, kernel]), .ints("strides", [stride, stride]),
      .ints("pads", [pad, pad, pad, pad]),
    ]
    if groups != 1 { attributes.append(.int("group", groups)) }
    return graph.add(try Operator(named: "Conv", inputCount: inputs.count, attributes), name, inputs)
  }

  /// γ = 1, β = 0, running mean 0, running variance 1. A momentum of 0.9 is PyTorch's 0.1, which counts the other way.
  mutating func batchNormalization(
    _ name: String, _ x: Graph.ValueID, channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.9
  ) throws(GraphError) -> Graph.ValueID {
    let zeros = [Float](repeating: 0, count: channels)
    let ones = [Float](repeating: 1, count: channels)
    let inputs: [Graph.ValueID?] = [
      x,
      graph.addConstant("\(name).weight", try Tensor([channels], ones)),
      graph.addConstant("\(name).bias", try Tensor([channels], zeros)),
      graph.addConstant("\(name).running_mean", try Tensor([channels], zeros)),
      graph.addConstant("\(name).running_var", try Tensor([channels], ones)),
    ]
    let attributes: [Attribute] = [.float("epsilon", epsilon), .float("momentum", momentum)]
    return graph.add(try Operator(named: "BatchNormalization", inputCount: 5, attributes), name, inputs)
  }

  mutating func relu(_ name: String, _ x: Graph.ValueID) throws(GraphError) -> Graph.ValueID {
    graph.add(try Operator(named: "Relu"), name, [x])
  }

  /// Clip to 0…6.
  mutating func relu6(_ name: String, _ x: Graph.ValueID) throws(GraphError) -> Graph.ValueID {
    if sixBounds == nil {
      let low = graph.addConstant("relu6.min", try Tensor(scalar: Float(0)))
      let high = graph.addConstant("relu6.max", try Tensor(scalar: Float(6)))
      sixBounds = (low, high)
    }
    return graph.add(try Operator(named: "Clip", inputCount: 3), name, [x, sixBounds?.low, sixBounds?.high])
  }

  mutating func maxPool(_ name: String, _ x: Graph.ValueID, kernel: Int, stride: Int) throws(GraphError)
    -> Graph.ValueID
  {
    let pad = kernel / 2
    let attributes: [Attribute] = [
      .ints("kernel_shape", [kernel, kernel]), .ints("strides", [stride, stride]),
      .ints("pads", [pad, pad, pad, pad]),
    ]
    return graph.add(try Operator(named: "MaxPool", attributes), name, [x])
  }

  /// Without training_mode: the identity in inference. The trainer implements its training mode itself.
  mutating func dropout(_ name: String, _ x: Graph.ValueID, ratio: Float) throws(GraphError) -> Graph.ValueID {
    let ratio = graph.addConstant("\(name).ratio", try Tensor(scalar: ratio))
    return graph.add(try Operator(named: "Dropout", inputCount: 2), name, [x, ratio])
  }

  /// Gemm with weights [to, from] (transB), as in PyTorch.
  mutating func linear(
    _ name: String, _ x: Graph.ValueID, from: Int, to: Int, initialization: LinearInitialization,
    output: String? = nil
  ) throws(GraphError) -> Graph.ValueID {
    var inputs: [Graph.ValueID?] = [x]
    switch initialization {
    case .torch:
      let bound = 1 / Float(from).squareRoot()
      inputs.append(graph.addConstant("\(name).weight", try uniform([to, from], bound: bound)))
      inputs.append(graph.addConstant("\(name).bias", try uniform([to], bound: bound)))
    case .fastai:
      let deviation = (2 / Float(from)).squareRoot()
      inputs.append(graph.addConstant("\(name).weight", try normal([to, from], deviation: deviation)))
    case .small:
      inputs.append(graph.addConstant("\(name).weight", try normal([to, from], deviation: 0.01)))
      inputs.append(graph.addConstant("\(name).bias", try Tensor(zeros: [to])))
    }
    let y = graph.add(try Operator(named: "Gemm", inputCount: inputs.count, [.int("transB", 1)]), name, inputs)
    if let output { graph.values[y].name = output }
    return y
  }

  /// Numbered like the layers of fastai's `create_head`, so that its weights match by name.
  mutating func fastaiHead(_ x: Graph.ValueID, features: Int, classes: Int) throws(GraphError) -> Graph.ValueID {
    let most = graph.add(try Operator(named: "GlobalMaxPool"), "head.0.mp", [x])
    let mean = graph.add(try Operator(named: "GlobalAveragePool"), "head.0.ap", [x])
    let both = graph.add(try Operator(named: "Concat", [.int("axis", 1)]), "head.0", [most, mean])
    var y = graph.add(try Operator(named: "Flatten"), "head.1", [both])
    y = try batchNormalization("head.2", y, channels: 2 * features)
    y = try dropout("head.3", y, ratio: 0.25)
    y = try linear("head.4", y, from: 2 * features, to: 512, initialization: .fastai)
    y = try relu("head.5", y)
    y = try batchNormalization("head.6", y, channels: 512)
    y = try dropout("head.7", y, ratio: 0.5)
    return try linear("head.8", y, from: 512, to: classes, initialization: .fastai, output: "logits")
  }

  mutating func normal(_ shape: Shape, deviation: Float) throws(GraphError) -> Tensor {
    var tensor = try Tensor(zeros: shape)
    var random = nextSource()
    tensor.withMutableElements(Float.self) { random.fillNormal($0, deviation: deviation) }
    return tensor
  }

  mutating func uniform(_ shape: Shape, bound: Float) throws(GraphError) -> Tensor {
    var tensor = try Tensor(zeros: shape)
    var random = nextSource()
    tensor.withMutableElements(Float.self) { random.fillUniform($0, bound: bound) }
    return tensor
  }

  private mutating func nextSource() -> RandomSource {
    stream += 1
    return RandomSource(seed: seed, stream: stream)
  }
}
