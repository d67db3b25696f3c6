import ModelGraph

extension InvertedResidualNetwork {
  /// Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018).
  static var mobileNetV2: InvertedResidualNetwork {
    // Factor of expansion, channels, blocks, stride of the first block.
    let stages = [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]
    var blocks: [Block] = []
    var channels = 32
    for (expansion, width, count, stride) in stages {
      for index in 0..<count {
        blocks.append(
          Block(
            name: "features.\(blocks.count + 1)", from: channels, expanded: expansion * channels, to: width, kernel: 3,
            stride: index == 0 ? stride : 1, squeezed: nil, activation: .relu6))
        channels = width
      }
    }
    return InvertedResidualNetwork(
      blocks: blocks, firstChannels: 32, features: 1280, lastIndex: blocks.count + 1, activation: .relu6,
      excitation: .hard, hidden: nil, projectsByName: true)
  }

  /// Howard et al., "Searching for MobileNetV3" (2019), table 2.
  static var mobileNetV3Small: InvertedResidualNetwork {
    mobileNetV3(
      [
        (3, 16, 16, true, .relu, 2), (3, 72, 24, false, .relu, 2), (3, 88, 24, false, .relu, 1),
        (5, 96, 40, true, .hardSwish, 2), (5, 240, 40, true, .hardSwish, 1), (5, 240, 40, true, .hardSwish, 1),
        (5, 120, 48, true, .hardSwish, 1), (5, 144, 48, true, .hardSwish, 1), (5, 288, 96, true, .hardSwish, 2),
        (5, 576, 96, true, .hardSwish, 1), (5, 576, 96, true, .hardSwish, 1),
      ], hidden: 1024)
  }

  /// The same article, table 1.
  static var mobileNetV3Large: InvertedResidualNetwork {
    mobileNetV3(
      [
        (3, 16, 16, false, .relu, 1), (3, 64, 24, false, .relu, 2), (3, 72, 24, false, .relu, 1),
        (5, 72, 40, true, .relu, 2), (5, 120, 40, true, .relu, 1), (5, 120, 40, true, .relu, 1),
        (3, 240, 80, false, .hardSwish, 2), (3, 200, 80, false, .hardSwish, 1), (3, 184, 80, false, .hardSwish, 1),
        (3, 184, 80, false, .hardSwish, 1), (3, 480, 112, true, .hardSwish, 1), (3, 672, 112, true, .hardSwish, 1),
        (5, 672, 160, true, .hardSwish, 2), (5, 960, 160, true, .hardSwish, 1), (5, 960, 160, true, .hardSwish, 1),
      ], hidden: 1280)
  }

  private typealias Row = (
    kernel: Int, expanded: Int, to: Int, squeezes: Bool, activation: Activation, stride: Int
  )

  private static func mobileNetV3(_ rows: [Row], hidden: Int) -> InvertedResidualNetwork {
    var blocks: [Block] = []
    var channels = 16
    for row in rows {
      blocks.append(
        Block(
          name: "features.\(blocks.count + 1)", from: channels, expanded: row.expanded, to: row.to, kernel: row.kernel,
          stride: row.stride, squeezed: row.squeezes ? nearestEight(row.expanded / 4) : nil, activation: row.activation)
      )
      channels = row.to
    }
    return InvertedResidualNetwork(
      blocks: blocks, firstChannels: 16, features: 6 * channels, lastIndex: blocks.count + 1, activation: .hardSwish,
      excitation: .hard, hidden: hidden, epsilon: 1e-3, momentum: 0.99)
  }

  /// The nearest multiple of 8 that is at least 8 and at least 0.9 · `channels`.
  private static func nearestEight(_ channels: Int) -> Int {
    let nearest = max(8, (channels + 4) / 8 * 8)
    return 10 * nearest < 9 * channels ? nearest + 8 : nearest
  }
}

extension InvertedResidualNetwork.Excitation {
  /// With ONNX's HardSigmoid at alpha = 1/6: max(0, min(1, x/6 + 1/2)).
  fileprivate static var hard: Self {
    Self(activation: .relu, gate: "HardSigmoid", gateAttributes: [.float("alpha", 1 / 6), .float("beta", 0.5)])
  }
}
