import ModelGraph

extension Architecture {
  /// The network with the weights of a file that uses torchvision's names (`layer1.0.conv1.weight`,
  /// `features.3.conv.0.0.weight`), which timm's ResNets have too. All names may have a common prefix such as `module.` or
  /// `model.`.
  ///
  /// - Parameters:
  ///   - classes: nil takes the number of the file's last layer.
  ///   - seed: of a fresh head, if the file's head has another number of classes or another kind than `head`. With the
  ///     linear head only the last layer is fresh then; the hidden layer of MobileNetV3's classifier is the file's.
  /// - Returns: the graph, and whether its head is the file's.
  public func graph(
    weights file: SafeTensors, classes: Int?, head: Head, inputSize: (Int, Int), seed: UInt64
  ) throws -> (graph: Graph, hasHead: Bool) {
    guard let prefix = prefix(in: file) else {
      throw misfit(file, "holds no \(family) under torchvision's names (\(landmarks.joined(separator: ", ")), …)")
    }
    let last = prefix + lastLayer
    let own = file.shape("\(last).weight").flatMap { $0.rank == 2 ? $0[0] : nil }
    guard let count = classes ?? own else {
      throw WeightsError("has no last layer (\(lastLayer).weight) that would tell the number of classes")
    }
    let hasHead = head == .linear && own == count && file.shape("\(last).bias") == [count]
    var graph = try graph(classes: count, head: head, inputSize: inputSize, seed: seed)
    for index in graph.values.indices {
      // Scalars are settings: the ratio of a Dropout, the bounds of a Clip.
      guard let old = graph.values[index].constant, old.type == .float32, old.shape.rank > 0 else { continue }
      let name = graph.values[index].name
      let isHead = name.hasPrefix("head.") || name.hasPrefix("\(lastLayer).")
      if isHead && !hasHead { continue }
      guard var tensor = try file.tensor(prefix + name) else { throw misfit(file, "has no '\(name)'") }
      if name == landmarks[0] { tensor = try tensor.adaptingInputChannels(to: old.shape[1]) }
      guard tensor.shape == old.shape else {
        throw misfit(file, "has '\(name)' \(tensor.shape), where \(rawValue) has \(old.shape)")
      }
      graph.values[index].constant = tensor
    }
    return (graph, hasHead)
  }

  private var family: String {
    switch design {
    case .residual: "ResNet"
    case .invertedResidual: rawValue
    }
  }

  /// The name of the layer whose outputs are the classes' scores.
  private var lastLayer: String {
    switch design {
    case .residual: "fc"
    case .invertedResidual(let network): network.lastLayer
    }
  }

  /// Tensors that every network of the family has: first the weights of its first convolution.
  private var landmarks: [String] {
    switch design {
    case .residual: ["conv1.weight", "layer1.0.conv1.weight", "bn1.running_mean"]
    case .invertedResidual: ["features.0.0.weight", "features.0.1.running_mean"]
    }
  }

  /// What the file's names have before those of a network of this family; nil if it holds none.
  private func prefix(in file: SafeTensors) -> String? {
    for name in file.names where name == landmarks[0] || name.hasSuffix(".\(landmarks[0])") {
      let prefix = String(name.dropLast(landmarks[0].count))
      if landmarks.allSatisfy({ file.shape(prefix + $0) != nil }) { return prefix }
    }
    return nil
  }

  /// Whether the file's layers are those of this network, as far as few names tell.
  private func looksHeld(by file: SafeTensors) -> Bool {
    guard let prefix = prefix(in: file) else { return false }
    switch design {
    case .residual(let network):
      return network.hasBottlenecks == (file.shape("\(prefix)layer1.0.conv3.weight") != nil)
        && network.blocks.enumerated().allSatisfy { stage, count in
          file.shape("\(prefix)layer\(stage + 1).\(count - 1).conv1.weight") != nil
            && file.shape("\(prefix)layer\(stage + 1).\(count).conv1.weight") == nil
        }
    case .invertedResidual(let network):
      let shape: Shape = [network.features, network.lastInputs, 1, 1]
      return file.shape("\(prefix)features.\(network.lastIndex).0.weight") == shape
    }
  }

  /// The error, extended by the architecture that the file holds, if it is one of ours.
  private func misfit(_ file: SafeTensors, _ what: String) -> WeightsError {
    let found = Architecture.allCases.first { $0.looksHeld(by: file) }
    let advice = found.map { $0 == self ? "" : "; it looks like \($0.rawValue): give --arch \($0.rawValue)" } ?? ""
    return WeightsError(what + advice)
  }
}

extension Tensor {
  /// A first convolution's weights `[M, C, …]` adapted to pictures of `channels` channels, as in timm: for one channel, the sum
  /// over C; else the old channels repeated in turn, times C / `channels`. A picture with equal channels keeps its answer.
  public func adaptingInputChannels(to channels: Int) throws(GraphError) -> Tensor {
    guard shape.rank >= 2, shape[1] != channels, shape[1] > 0 else { return self }
    let (filters, old) = (shape[0], shape[1])
    let taps = shape.extents[2...].reduce(1, *)
    let source = array(of: Float.self)
    var extents = shape.extents
    extents[1] = channels
    var numbers = [Float](repeating: 0, count: filters * channels * taps)
    for filter in 0..<filters {
      for channel in 0..<max(channels, old) {
        for tap in 0..<taps {
          let value = source[(filter * old + channel % old) * taps + tap]
          if channels == 1 {
            numbers[filter * taps + tap] += value
          } else if channel < channels {
            numbers[(filter * channels + channel) * taps + tap] = value * Float(old) / Float(channels)
          }
        }
      }
    }
    return try Tensor(Shape(extents), numbers)
  }
}

extension Graph {
  /// Adapts the convolutions that read the input to pictures of `channels` channels.
  public mutating func adaptInputChannels(to channels: Int) throws(GraphError) {
    guard let input = inputs.first else { return }
    for index in nodes.indices where nodes[index].firstInput == input {
      guard case .conv(let conv) = nodes[index].operation, conv.group == 1, let id = nodes[index][Conv.Input.w],
        let weights = values[id].constant, weights.type == .float32, weights.shape.rank == 4,
        weights.shape[1] != channels
      else { continue }
      let adapted = try weights.adaptingInputChannels(to: channels)
      nodes[index][Conv.Input.w] = addFreshConstant(values[id].name, adapted)
    }
  }
}
