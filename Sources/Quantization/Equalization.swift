import ModelGraph

/// Cross-layer equalisation, after Nagel et al., "Data-free quantization through weight equalization and bias
/// correction", 2019: each output channel of a product is multiplied by a factor, and the weights that read the channel
/// are divided by it. The network computes the same, but the channels of a value share its 256 levels more evenly.
///
/// Operators between the products that commute with positive factors (Relu, pooling, sums, …) join their values to a
/// group with common factors; a whole residual stream can be one. A Clip from 0 to 6 does not commute. It stays as it
/// is, and a factor is at least 1 and takes a channel at most to the bound: on the calibration pictures the network
/// still computes the same, and beyond them a channel is clipped where an 8-bit range of its own would end.
///
/// Nagel et al. balance the weights of both products. Here weights have a scale per output channel, so the range of a
/// value's channels is balanced with the weights that read it, by the noise that is to be expected of both. A depthwise
/// convolution has a scale for each channel that it reads, so its channels get equal ranges.
package struct Equalization {
  /// The largest factor of a channel relative to that of another: channels that are almost always 0 stay small.
  private static let most: Float = 64
  /// The part of a Clip's range that a factor may fill. The rest is for pictures outside the calibration set.
  private static let fill: Float = 0.9

  private struct Group {
    let channels: Int
    var makers: [Int] = []
    var readers: [Int] = []
    /// The values whose ranges matter: the quantised ones.
    var values: [Graph.ValueID] = []
    var clips: [(value: Graph.ValueID, high: Float)] = []
  }

  /// The model with equalised channels; nil if there is nothing to equalise.
  package static func equalized(
    _ model: PreparedModel, _ batches: [CalibrationBatch], threads: Int, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> PreparedModel? {
    let equalization = Equalization(model)
    let observed = equalization.observed
    guard !observed.isEmpty else { return nil }
    var runner = try BatchRunner(model.graph, outputs: observed, inputShapes: [model.inputShape], threads: threads)
    var meters = observed.map { _ in ChannelMaxima() }
    for (number, batch) in batches.enumerated() {
      for (index, tensor) in try runner.run([batch.images]).enumerated() { meters[index].add(tensor, batch) }
      progress(number + 1, batches.count)
    }
    return try equalization.equalized(Dictionary(uniqueKeysWithValues: zip(observed, meters.map { $0.largest })))
  }

  private let model: PreparedModel
  private var groups: [Group] = []

  private init(_ model: PreparedModel) {
    self.model = model
    let graph = model.graph
    var links = ChannelLinks(model)
    for index in graph.nodes.indices { links.add(index) }
    var byRoot: [Graph.ValueID: Group] = [:]
    for id in QuantizationPlan(model).values where !links.isFixed(id) {
      let root = links.root(id)
      byRoot[root, default: Group(channels: model.facts[id]?.shape[1] ?? 0)].values.append(id)
    }
    for index in graph.nodes.indices where model.isProduct(index) {
      if let y = graph.nodes[index].firstOutput { byRoot[links.root(y)]?.makers.append(index) }
      if let x = graph.nodes[index].firstInput { byRoot[links.root(x)]?.readers.append(index) }
    }
    for clip in links.clips { byRoot[links.root(clip.value)]?.clips.append(clip) }
    groups = byRoot.sorted { $0.key < $1.key }.map { $0.value }.filter {
      $0.channels > 1 && !$0.makers.isEmpty && !$0.readers.isEmpty
    }
  }

  /// The values whose channels must be measured; empty if there is nothing to equalise.
  private var observed: [Graph.ValueID] {
    Set(groups.flatMap { group in group.values + group.clips.map { $0.value } }).sorted()
  }

  /// - Parameter largest: the largest absolute value of each channel, for all values of ``observed``.
  private func equalized(_ largest: [Graph.ValueID: [Float]]) throws -> PreparedModel {
    var weights: [Int: [Float]] = [:]
    var biases: [Int: [Float]] = [:]
    for group in groups {
      guard let factors = factors(group, largest, weights) else { continue }
      for index in group.makers {
        weights[index] = self.weights(index, weights).scaled(Rows(model, index), outputs: factors)
        biases[index] = zip(biases[index] ?? model.bias(index), factors).map { $0 * $1 }
      }
      for index in group.readers {
        weights[index] = self.weights(index, weights).scaled(
          Rows(model, index), inputs: factors.map { 1 / $0 })
      }
    }
    var graph = model.graph
    for index in weights.keys.sorted() {
      for (input, numbers) in [(Conv.Input.w, weights[index]), (Conv.Input.b, biases[index])] {
        guard let numbers, let id = graph.nodes[index][input], let old = graph.values[id].constant
        else { continue }
        let new = graph.addFreshConstant(
          "\(graph.values[id].name)_equalized", try Tensor(old.shape, numbers))
        graph.nodes[index][input] = new
      }
    }
    return try PreparedModel(rewritten: graph, model)
  }

  private func weights(_ index: Int, _ changed: [Int: [Float]]) -> [Float] {
    changed[index] ?? model.weight(index)?.array(of: Float.self) ?? []
  }

  /// The factor of each channel; nil if all are 1.
  ///
  /// Of several strengths, from leaving the channels as they are to giving all the same range, the one with the least
  /// expected noise.
  private func factors(
    _ group: Group, _ largest: [Graph.ValueID: [Float]], _ changed: [Int: [Float]]
  ) -> [Float]? {
    var ranges = [Float](repeating: 0, count: group.channels)
    for id in group.values {
      for (channel, value) in (largest[id] ?? []).enumerated() { ranges[channel] = max(ranges[channel], value) }
    }
    guard let top = ranges.max(), top > Float.leastNormalMagnitude, top.isFinite else { return nil }
    let full = ranges.map { top / max($0, top / Self.most) }
    var best: (factors: [Float], noise: Double)?
    for factors in [full.map { _ in 1 }, full.map { $0.squareRoot().squareRoot() }, full.map { $0.squareRoot() }, full]
    {
      let factors = bounded(factors, group, largest, top)
      let noise = group.readers.reduce(0.0) { noise, index in
        guard let x = model.graph.nodes[index].firstInput, let ranges = largest[x] else { return noise }
        return noise + Rows(model, index).noise(weights(index, changed), ranges, factors)
      }
      // Less noise by a hundredth is no reason to change weights.
      if noise < 0.99 * (best?.noise ?? .infinity) { best = (factors, noise) }
    }
    return best.flatMap { best in best.factors.contains { $0 != 1 } ? best.factors : nil }
  }

  /// Factors that take no channel beyond a Clip that it did not reach, and leave those alone that did.
  private func bounded(
    _ factors: [Float], _ group: Group, _ largest: [Graph.ValueID: [Float]], _ top: Float
  ) -> [Float] {
    guard let bound = group.clips.map({ $0.high }).min() else { return factors }
    var factors = factors.map { max(1, $0 * Self.fill * bound / top) }
    for clip in group.clips {
      for (channel, value) in (largest[clip.value] ?? []).enumerated() where value > 0 {
        factors[channel] = max(1, min(factors[channel], Self.fill * clip.high / value))
      }
    }
    return factors
  }
}

/// Which weights of a Conv or Gemm read which input channel.
private struct Rows {
  let index: Int
  /// Output channels, and those of one group; input channels of one group; weights for one pair of channels.
  private let outputs: Int
  private let outputsPerGroup: Int
  private let inputsPerGroup: Int
  private let taps: Int

  init(_ model: PreparedModel, _ index: Int) {
    self.index = index
    let shape = model.weight(index)?.shape ?? [0, 0]
    var groups = 1
    if case .conv(let conv) = model.graph.nodes[index].operation { groups = max(1, conv.group) }
    (outputs, inputsPerGroup) = (shape[0], shape[1])
    outputsPerGroup = max(1, outputs / groups)
    taps = shape.count / max(1, outputs * inputsPerGroup)
  }

  private func channel(_ output: Int, _ input: Int) -> Int {
    output / outputsPerGroup * inputsPerGroup + input
  }

  /// Calls `body` with each output channel, input channel and range of the weights between them.
  func visit(_ body: (_ output: Int, _ input: Int, _ weights: Range<Int>) -> Void) {
    for output in 0..<outputs {
      for input in 0..<inputsPerGroup {
        let first = (output * inputsPerGroup + input) * taps
        body(output, channel(output, input), first..<(first + taps))
      }
    }
  }

  /// The expected noise of the product, relative to its result, when the input's channels with these ranges are
  /// multiplied by factors and the weights divided by them: from rounding the input to 8 bits with one scale, and the
  /// weights with one for each output channel.
  func noise(_ weights: [Float], _ ranges: [Float], _ factors: [Float]) -> Double {
    let step = Double(zip(ranges, factors).reduce(0) { max($0, $1.0 * $1.1) }) / 255
    var sums = [(weights: Double, largest: Double, input: Double, result: Double)](
      repeating: (0, 0, 0, 0), count: outputs)
    visit { output, input, range in
      let factor = Double(factors[input])
      // A third of the range, as of a normal distribution whose range is three deviations.
      let deviation = Double(ranges[input]) / 3
      for index in range {
        let weight = Double(weights[index])
        sums[output].weights += weight * weight / (factor * factor)
        sums[output].largest = max(sums[output].largest, abs(weight) / factor)
        sums[output].input += deviation * deviation * factor * factor
        sums[output].result += weight * weight * deviation * deviation
      }
    }
    var noise = 0.0
    for sum in sums where sum.result > 0 {
      let weightStep = sum.largest / 127
      noise += (step * step * sum.weights + weightStep * weightStep * sum.input) / 12 / sum.result
    }
    return noise / Double(max(1, outputs))
  }
}

extension [Float] {
  fileprivate func scaled(_ rows: Rows, outputs: [Float]? = nil, inputs: [Float]? = nil) -> [Float] {
    var result = self
    rows.visit { output, input, range in
      let factor = (outputs?[output] ?? 1) * (inputs?[input] ?? 1)
      for index in range { result[index] *= factor }
    }
    return result
  }
}

/// Joins values whose channels (axis 1) must have the same factors, and fixes those that cannot have any.
private struct ChannelLinks {
  private let model: PreparedModel
  private var parents: [Graph.ValueID]
  private var fixed: [Bool]
  private(set) var clips: [(value: Graph.ValueID, high: Float)] = []

  init(_ model: PreparedModel) {
    self.model = model
    parents = Array(model.graph.values.indices)
    fixed = [Bool](repeating: false, count: parents.count)
    for id in model.graph.inputs + model.graph.outputs { fixed[id] = true }
  }

  func root(_ id: Graph.ValueID) -> Graph.ValueID {
    var id = id
    while parents[id] != id { id = parents[id] }
    return id
  }

  func isFixed(_ id: Graph.ValueID) -> Bool { fixed[root(id)] }

  private mutating func fix(_ id: Graph.ValueID?) { if let id { fixed[root(id)] = true } }

  private mutating func join(_ a: Graph.ValueID, _ b: Graph.ValueID) {
    let (a, b) = (root(a), root(b))
    guard a != b else { return }
    parents[max(a, b)] = min(a, b)
    fixed[min(a, b)] = fixed[a] || fixed[b]
  }

  private func shape(_ id: Graph.ValueID) -> Shape? {
    guard let fact = model.facts[id], fact.type == .float32, fact.shape.rank >= 2,
      model.graph.values[id].constant == nil
    else { return nil }
    return fact.shape
  }

  mutating func add(_ index: Int) {
    let node = model.graph.nodes[index]
    if model.isProduct(index), let x = node.firstInput, let y = node.firstOutput, shape(x) != nil,
      shape(y) != nil
    {
      return
    }
    guard commutes(node, index) else {
      for id in node.inputs + node.outputs { fix(id) }
      return
    }
  }

  /// Joins what the node reads and makes, if it commutes with factors of its channels.
  private mutating func commutes(_ node: Graph.Node, _ index: Int) -> Bool {
    guard let x = node.firstInput, let y = node.firstOutput, let from = shape(x), let to = shape(y),
      node.outputs.dropFirst().allSatisfy({ $0 == nil }), from[0] == to[0], from[1] == to[1]
    else { return false }
    switch node.operation {
    case .relu, .leakyRelu, .maxPool, .averagePool, .globalMaxPool, .globalAveragePool, .identity,
      .dropout, .flatten,
      .reshape, .squeeze, .unsqueeze:
      join(x, y)
    case .clip:
      guard let bounds = node.clipBounds({ model.graph.values[$0].constant }), bounds.low == 0,
        bounds.high > 0
      else {
        return false
      }
      if bounds.high < Float.greatestFiniteMagnitude { clips.append((y, bounds.high)) }
      join(x, y)
    case .add:
      guard let other = node[Add.Input.b], shape(other) == from, from == to else { return false }
      join(x, y)
      join(other, y)
    case .mul:
      // A gate scales the channels of a map; its own factors stay 1.
      guard let other = node[Mul.Input.b], let second = shape(other), from != second,
        from.rank == second.rank,
        from[0] == second[0], from[1] == second[1], from == to || second == to
      else { return false }
      join(from == to ? x : other, y)
      fix(from == to ? other : x)
    default: return false
    }
    return true
  }
}
