import ModelGraph

extension InvertedResidualNetwork {
  /// Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019), table 1.
  static var efficientNetB0: InvertedResidualNetwork {
    // Factor of expansion, kernel, stride of the first block, channels, blocks.
    let stages = [
      (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
      (6, 3, 1, 320, 1),
    ]
    var blocks: [Block] = []
    var channels = 32
    for (stage, (expansion, kernel, stride, width, count)) in stages.enumerated() {
      for index in 0..<count {
        // A quarter of the block's input, not of the expanded channels.
        blocks.append(
          Block(
            name: "features.\(stage + 1).\(index)", from: channels, expanded: expansion * channels, to: width,
            kernel: kernel, stride: index == 0 ? stride : 1, squeezed: channels / 4, activation: .silu))
        channels = width
      }
    }
    return InvertedResidualNetwork(
      blocks: blocks, firstChannels: 32, features: 4 * channels, lastIndex: stages.count + 1, activation: .silu,
      excitation: Excitation(activation: .silu, gate: "Sigmoid"), hidden: nil)
  }
}
