import ModelGraph

/// The residual networks of He et al., "Deep Residual Learning for Image Recognition" (2015), in torchvision's form
/// ("v1.5": the stride of a bottleneck is on its 3×3 convolution).
struct ResNet: Sendable {
  /// Residual blocks in each of the four stages.
  let blocks: [Int]
  /// Whether a block is 1×1 → 3×3 → 1×1 with four times the channels, or 3×3 → 3×3.
  let hasBottlenecks: Bool

  /// Channels after the last stage.
  var features: Int { hasBottlenecks ? 2048 : 512 }

  func body(_ network: inout NetworkBuilder, _ input: Graph.ValueID) throws(GraphError) -> Graph.ValueID {
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
    return x
  }

  func head(_ network: inout NetworkBuilder, _ x: Graph.ValueID, classes: Int) throws(GraphError) -> Graph.ValueID {
    let pooled = network.graph.add(try Operator(named: "GlobalAveragePool"), "avgpool", [x])
    let flat = network.graph.add(try Operator(named: "Flatten"), "flatten", [pooled])
    return try network.linear("fc", flat, from: features, to: classes, initialization: .torch, output: "logits")
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
}
