import ModelGraph

/// A network of inverted residual blocks: MobileNetV2, MobileNetV3 and EfficientNet in torchvision's form.
///
/// A 3×3 convolution with stride 2, the blocks, a 1×1 convolution, global pooling and a classifier. Each convolution has
/// a batch normalisation; the depthwise ones have one filter per channel. Nothing here depends on the picture's size.
///
/// Without stochastic depth, with which torchvision trains EfficientNet: no block is ever skipped in training.
/// The last layers start from a deviation of 0.01, as MobileNet's in torchvision; its EfficientNet draws within
/// ±1/√classes, which is small for ImageNet's 1000 classes and far too large for two.
struct InvertedResidualNetwork: Sendable {
  enum Activation: Sendable {
    case relu, relu6, hardSwish
    /// x · sigmoid(x).
    case silu
  }

  /// 1×1 convolution to `expanded` channels (left out if there are as many already) → depthwise convolution →
  /// squeeze and excitation → 1×1 convolution to `to` channels, without activation. The input is added if it has the
  /// output's shape.
  struct Block: Sendable {
    /// `features.3`, or `features.3.1` where stages have an index.
    let name: String
    let from: Int
    let expanded: Int
    let to: Int
    let kernel: Int
    let stride: Int
    /// Channels between the two convolutions of squeeze and excitation; nil: the block has none.
    let squeezed: Int?
    let activation: Activation
  }

  /// Squeeze and excitation (Hu et al., 2017) scales each channel by gate(fc2(activation(fc1(mean of the channel)))).
  struct Excitation: Sendable {
    let activation: Activation
    let gate: String
    var gateAttributes: [Attribute] = []
  }

  let blocks: [Block]
  /// Channels of the first convolution, and of the last, whose index within `features` is `lastIndex`.
  let firstChannels: Int
  let features: Int
  let lastIndex: Int
  /// After the first and the last convolution.
  let activation: Activation
  let excitation: Excitation
  /// Size of the layer between pooling and last layer; nil: there is none.
  let hidden: Int?
  var epsilon: Float = 1e-5
  /// Share of the old running statistics that is kept at each step.
  var momentum: Float = 0.9
  /// Whether a block's layers are `conv.1` for the last convolution and `conv.2` for its normalisation (MobileNetV2), or
  /// `block.1.0` and `block.1.1`.
  var projectsByName = false

  /// Channels before the last convolution.
  var lastInputs: Int { blocks.last?.to ?? firstChannels }
  /// The name of the layer whose outputs are the classes' scores.
  var lastLayer: String { hidden == nil ? "classifier.1" : "classifier.3" }

  func body(_ network: inout NetworkBuilder, _ input: Graph.ValueID) throws(GraphError) -> Graph.ValueID {
    var x = try normalizedConvolution(
      "features.0", &network, input, from: 3, to: firstChannels, kernel: 3, stride: 2, activation)
    for block in blocks { x = try apply(block, &network, x) }
    return try normalizedConvolution(
      "features.\(lastIndex)", &network, x, from: lastInputs, to: features, kernel: 1, stride: 1, activation)
  }

  func head(_ network: inout NetworkBuilder, _ x: Graph.ValueID, classes: Int) throws(GraphError) -> Graph.ValueID {
    let pooled = network.graph.add(try Operator(named: "GlobalAveragePool"), "avgpool", [x])
    var y = network.graph.add(try Operator(named: "Flatten"), "flatten", [pooled])
    if let hidden {
      y = try network.linear("classifier.0", y, from: features, to: hidden, initialization: .small)
      y = try apply(activation, "classifier.1", &network, y)
      y = try network.dropout("classifier.2", y, ratio: 0.2)
    } else {
      y = try network.dropout("classifier.0", y, ratio: 0.2)
    }
    return try network.linear(
      lastLayer, y, from: hidden ?? features, to: classes, initialization: .small, output: "logits")
  }

  private func apply(_ block: Block, _ network: inout NetworkBuilder, _ x: Graph.ValueID) throws(GraphError)
    -> Graph.ValueID
  {
    let name = "\(block.name).\(projectsByName ? "conv" : "block")"
    var index = 0
    var y = x
    if block.expanded != block.from {
      y = try normalizedConvolution(
        "\(name).0", &network, y, from: block.from, to: block.expanded, kernel: 1, stride: 1, block.activation)
      index = 1
    }
    y = try normalizedConvolution(
      "\(name).\(index)", &network, y, from: block.expanded, to: block.expanded, kernel: block.kernel,
      stride: block.stride, groups: block.expanded, block.activation)
    index += 1
    if let squeezed = block.squeezed {
      y = try excite("\(name).\(index)", &network, y, channels: block.expanded, squeezed: squeezed)
      index += 1
    }
    let convolution = projectsByName ? "\(name).\(index)" : "\(name).\(index).0"
    let normalization = projectsByName ? "\(name).\(index + 1)" : "\(name).\(index).1"
    y = try network.convolution(convolution, y, from: block.expanded, to: block.to, kernel: 1, stride: 1)
    y = try network.batchNormalization(
      normalization, y, channels: block.to, epsilon: epsilon, momentum: momentum)
    guard block.stride == 1, block.from == block.to else { return y }
    return network.graph.add(try Operator(named: "Add"), "\(block.name).add", [y, x])
  }

  /// Convolution `name.0`, batch normalisation `name.1`, activation `name.2`.
  private func normalizedConvolution(
    _ name: String, _ network: inout NetworkBuilder, _ x: Graph.ValueID, from: Int, to: Int, kernel: Int, stride: Int,
    groups: Int = 1, _ activation: Activation
  ) throws(GraphError) -> Graph.ValueID {
    var y = try network.convolution(
      "\(name).0", x, from: from, to: to, kernel: kernel, stride: stride, groups: groups)
    y = try network.batchNormalization("\(name).1", y, channels: to, epsilon: epsilon, momentum: momentum)
    return try apply(activation, "\(name).2", &network, y)
  }

  private func excite(
    _ name: String, _ network: inout NetworkBuilder, _ x: Graph.ValueID, channels: Int, squeezed: Int
  ) throws(GraphError) -> Graph.ValueID {
    var y = network.graph.add(try Operator(named: "GlobalAveragePool"), "\(name).avgpool", [x])
    y = try network.convolution(
      "\(name).fc1", y, from: channels, to: squeezed, kernel: 1, stride: 1, hasBias: true)
    y = try apply(excitation.activation, "\(name).activation", &network, y)
    y = try network.convolution(
      "\(name).fc2", y, from: squeezed, to: channels, kernel: 1, stride: 1, hasBias: true)
    let gate = try Operator(named: excitation.gate, excitation.gateAttributes)
    y = network.graph.add(gate, "\(name).scale_activation", [y])
    return network.graph.add(try Operator(named: "Mul"), "\(name).scale", [x, y])
  }

  private func apply(
    _ activation: Activation, _ name: String, _ network: inout NetworkBuilder, _ x: Graph.ValueID
  ) throws(GraphError) -> Graph.ValueID {
    switch activation {
    case .relu: return try network.relu(name, x)
    case .relu6: return try network.relu6(name, x)
    case .hardSwish: return network.graph.add(try Operator(named: "HardSwish"), name, [x])
    case .silu:
      let gate = network.graph.add(try Operator(named: "Sigmoid"), "\(name).sigmoid", [x])
      return network.graph.add(try Operator(named: "Mul"), name, [x, gate])
    }
  }
}
