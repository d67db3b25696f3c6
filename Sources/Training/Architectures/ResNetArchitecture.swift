import ModelGraph
import PictureModels

/// The residual networks of He et al., "Deep Residual Learning for Image Recognition" (2015), in torchvision's form
/// ("v1.5": the stride of a bottleneck is on its 3×3 convolution).
///
/// Weights have the names of torchvision's state dictionary (`layer1.0.conv1.weight`, `fc.bias`), so that pre-trained
/// weights match by name.
public enum ResNetArchitecture: String, CaseIterable, Sendable {
  case resnet18, resnet34, resnet50, resnet101, resnet152

  /// The layers after the last stage.
  public enum Head: String, CaseIterable, Sendable {
    /// GlobalAveragePool → Flatten → Gemm, as in torchvision.
    case linear
    /// [GlobalMaxPool, GlobalAveragePool] → Flatten → BatchNormalization → Dropout 0.25 → Gemm 512 → Relu →
    /// BatchNormalization → Dropout 0.5 → Gemm: fastai's `create_head`, whose Gemms have no bias.
    case fastai
  }

  /// Residual blocks in each of the four stages.
  public var blocks: [Int] {
    switch self {
    case .resnet18: [2, 2, 2, 2]
    case .resnet34, .resnet50: [3, 4, 6, 3]
    case .resnet101: [3, 4, 23, 3]
    case .resnet152: [3, 8, 36, 3]
    }
  }

  /// Whether a block is 1×1 → 3×3 → 1×1 with four times the channels, or 3×3 → 3×3.
  public var hasBottlenecks: Bool {
    switch self {
    case .resnet18, .resnet34: false
    case .resnet50, .resnet101, .resnet152: true
    }
  }

  /// Channels after the last stage.
  public var features: Int { hasBottlenecks ? 2048 : 512 }

  /// The network with fresh weights: input `input` [N, 3, height, width], output `logits` [N, classes].
  ///
  /// - Parameters:
  ///   - inputSize: height and width of the pictures.
  ///   - seed: of the weights. Each tensor draws from its own stream, so the head does not influence the body's weights.
  public func graph(classes: Int, head: Head = .linear, inputSize: (Int, Int), seed: UInt64) throws(GraphError)
    -> Graph
  {
    guard classes >= 1, classes <= 1_000_000 else {
      throw GraphError(.badInput, "\(rawValue): \(classes) classes; there must be at least one")
    }
    guard ModelMetadata.Bound.sides.contains(inputSize.0), ModelMetadata.Bound.sides.contains(inputSize.1) else {
      throw GraphError(.badInput, "\(rawValue): no picture is \(inputSize.0)×\(inputSize.1)")
    }
    var network = NetworkBuilder(name: rawValue, seed: seed)
    let input = network.graph.addInput(
      "input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(inputSize.0), .fixed(inputSize.1)]))
    var x = try network.convolution("conv1", input, from: 3, to: 64, kernel: 7, stride: 2)
    x = try network.batchNormalization("bn1", x, channels: 64)
    x = try network.relu("relu", x)
    x = try network.maxPool("maxpool", x, kernel: 3, stride: 2)
    var channels = 64
    for (stage, count) in blocks.enumerated() {
      let width = 64 << stage
      for index in 0..<count {
        let stride = stage > 0 && index == 0 ? 2 : 1
        let name = "layer\(stage + 1).\(index)"
        x = try block(name, &network, x, from: channels, width: width, stride: stride)
        channels = hasBottlenecks ? 4 * width : width
      }
    }
    switch head {
    case .linear: x = try linearHead(&network, x, classes: classes)
    case .fastai: x = try network.fastaiHead(x, features: features, classes: classes)
    }
    network.graph.values[x].declaration = Declaration(.float32, [.symbol("N"), .fixed(classes)])
    network.graph.outputs = [x]
    return network.graph
  }

  /// relu(F(x) + x), where x goes through a 1×1 convolution if F changes its size.
  private func block(
    _ name: String, _ network: inout NetworkBuilder, _ x: Graph.ValueID, from channels: Int, width: Int, stride: Int
  ) throws(GraphError) -> Graph.ValueID {
    let outChannels = hasBottlenecks ? 4 * width : width
    // Kernel and stride of each convolution. The stride is on the block's first 3×3.
    let plan = hasBottlenecks ? [(1, 1), (3, stride), (1, 1)] : [(3, stride), (3, 1)]
    var y = x
    var incoming = channels
    for (index, (kernel, step)) in plan.enumerated() {
      let outgoing = index == plan.count - 1 ? outChannels : width
      y = try network.convolution(
        "\(name).conv\(index + 1)", y, from: incoming, to: outgoing, kernel: kernel, stride: step)
      y = try network.batchNormalization("\(name).bn\(index + 1)", y, channels: outgoing)
      if index < plan.count - 1 { y = try network.relu("\(name).relu\(index + 1)", y) }
      incoming = outgoing
    }
    var shortcut = x
    if stride != 1 || channels != outChannels {
      shortcut = try network.convolution(
        "\(name).downsample.0", x, from: channels, to: outChannels, kernel: 1, stride: stride)
      shortcut = try network.batchNormalization("\(name).downsample.1", shortcut, channels: outChannels)
    }
    let sum = network.graph.add(try Operator(named: "Add"), "\(name).add", [y, shortcut])
    return try network.relu("\(name).relu", sum)
  }

  private func linearHead(_ network: inout NetworkBuilder, _ x: Graph.ValueID, classes: Int) throws(GraphError)
    -> Graph.ValueID
  {
    let pooled = network.graph.add(try Operator(named: "GlobalAveragePool"), "avgpool", [x])
    let flat = network.graph.add(try Operator(named: "Flatten"), "flatten", [pooled])
    return try network.linear("fc", flat, from: features, to: classes, initialization: .torch, output: "logits")
  }
}
