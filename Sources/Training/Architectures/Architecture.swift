import ModelGraph
import PictureModels

/// The networks that can be trained from fresh weights or from a `.safetensors` file: torchvision's, layer by layer.
///
/// Weights have the names of torchvision's state dictionary (`layer1.0.conv1.weight`, `features.3.conv.0.0.weight`), so
/// that pre-trained weights match by name. ``ResNet`` and ``InvertedResidualNetwork`` build the two families.
public enum Architecture: String, CaseIterable, Sendable {
  case resnet18, resnet34, resnet50, resnet101, resnet152
  case mobilenetV2 = "mobilenet_v2"
  case mobilenetV3Small = "mobilenet_v3_small"
  case mobilenetV3Large = "mobilenet_v3_large"
  case efficientnetB0 = "efficientnet_b0"

  /// The layers after the last stage.
  public enum Head: String, CaseIterable, Sendable {
    /// GlobalAveragePool → Flatten → the classifier as in torchvision. Of a ResNet: Gemm; of MobileNetV2 and EfficientNet:
    /// Dropout → Gemm; of MobileNetV3: Gemm → HardSwish → Dropout → Gemm.
    case linear
    /// [GlobalMaxPool, GlobalAveragePool] → Flatten → BatchNormalization → Dropout 0.25 → Gemm 512 → Relu →
    /// BatchNormalization → Dropout 0.5 → Gemm: fastai's `create_head`, whose Gemms have no bias.
    case fastai
  }

  enum Design {
    case residual(ResNet)
    case invertedResidual(InvertedResidualNetwork)
  }

  var design: Design {
    switch self {
    case .resnet18: .residual(ResNet(blocks: [2, 2, 2, 2], hasBottlenecks: false))
    case .resnet34: .residual(ResNet(blocks: [3, 4, 6, 3], hasBottlenecks: false))
    case .resnet50: .residual(ResNet(blocks: [3, 4, 6, 3], hasBottlenecks: true))
    case .resnet101: .residual(ResNet(blocks: [3, 4, 23, 3], hasBottlenecks: true))
    case .resnet152: .residual(ResNet(blocks: [3, 8, 36, 3], hasBottlenecks: true))
    case .mobilenetV2: .invertedResidual(.mobileNetV2)
    case .mobilenetV3Small: .invertedResidual(.mobileNetV3Small)
    case .mobilenetV3Large: .invertedResidual(.mobileNetV3Large)
    case .efficientnetB0: .invertedResidual(.efficientNetB0)
    }
  }

  /// Channels after the last stage.
  public var features: Int {
    switch design {
    case .residual(let network): network.features
    case .invertedResidual(let network): network.features
    }
  }

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
    var builder = NetworkBuilder(name: rawValue, seed: seed)
    let input = builder.graph.addInput(
      "input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(inputSize.0), .fixed(inputSize.1)]))
    var x: Graph.ValueID
    switch design {
    case .residual(let network): x = try network.body(&builder, input)
    case .invertedResidual(let network): x = try network.body(&builder, input)
    }
    switch (head, design) {
    case (.fastai, _): x = try builder.fastaiHead(x, features: features, classes: classes)
    case (.linear, .residual(let network)): x = try network.head(&builder, x, classes: classes)
    case (.linear, .invertedResidual(let network)): x = try network.head(&builder, x, classes: classes)
    }
    builder.graph.values[x].declaration = Declaration(.float32, [.symbol("N"), .fixed(classes)])
    builder.graph.outputs = [x]
    return builder.graph
  }
}
