import ModelGraph
import PictureModels
import Text

/// Warnings about what runs but is probably not meant: scales, weights, types and inputs that make no sense (W306 to
/// W319). Of a graph without errors. Reads the bytes of each constant a few times, and nothing else of its size.
struct SenseCheck {
  private let graph: Graph
  private let facts: [Fact?]
  private var found: Findings
  /// Whether a budget is about a fixed batch already.
  private let isBatchChecked: Bool
  private let producers: [Int?]
  /// Constants that have been looked at.
  private var isSeen: [Bool]

  /// Constants below this size are not searched for copies, and vectors of ones are often alike.
  private static let smallestCopy = 16384
  private static let mebibyte = 1 << 20
  /// Of weights so few nothing can be said.
  private static let fewestWeights = 32

  /// - Parameter found: earlier findings.
  init(_ graph: Graph, _ facts: [Fact?], _ found: Findings, isBatchChecked: Bool) {
    self.isBatchChecked = isBatchChecked
    self.graph = graph
    self.facts = facts
    self.found = found
    producers = graph.producers()
    isSeen = [Bool](repeating: false, count: graph.values.count)
  }

  mutating func findings() -> Findings {
    for node in graph.nodes {
      checkScales(node)
      checkWeights(node)
      checkFolding(node)
      switch node.operation {
      case .conv, .convTranspose, .gemm, .matMul: checkQuantization(node)
      case .batchNormalization(let operation): checkVariance(node, operation.epsilon)
      default: continue
      }
    }
    checkCopies()
    checkTypes()
    checkInputs()
    checkOutputs()
    return found
  }

  private mutating func report(_ code: Code, _ message: String, node: String? = nil, value: Graph.ValueID? = nil) {
    found.append(Finding(code, message, node: node, tensor: value.map { graph.values[$0].name }))
  }

  private func constant(_ id: Graph.ValueID?) -> Tensor? { id.flatMap { facts[$0]?.constant } }

  // MARK: Quantisation

  private mutating func checkScales(_ node: Graph.Node) {
    for input in node.operation.inputs where input.content == .setting && input.name.ends(with: "scale") {
      guard let id = node[input], !isSeen[id], let scales = constant(id) else { continue }
      isSeen[id] = true
      let bad = scales.doubles.filter { !($0 >= Double(Float.leastNormalMagnitude)) }
      if let first = bad.first {
        report(
          .badScale,
          "\(node.place): \(bad.count) of \(scales.count) scales '\(graph.values[id].name)' are zero, negative, NaN "
            + "or denormal (\(NumberText.shortest(first))); quantise it again", node: node.name, value: id)
      }
    }
  }

  /// A product of which one operand is quantised and the other is not.
  private mutating func checkQuantization(_ node: Graph.Node) {
    guard node.inputs.count > 1, let x = node.inputs[0], let w = node.inputs[1] else { return }
    let (xIsQuantized, wIsQuantized) = (dequantizer(of: x) != nil, dequantizer(of: w) != nil)
    guard xIsQuantized != wIsQuantized else { return }
    let other = xIsQuantized ? w : x
    report(
      .halfQuantized,
      "\(node.place): it runs in float, since '\(graph.values[other].name)' is not quantised and its other operand is",
      node: node.name, value: other)
  }

  private func dequantizer(of id: Graph.ValueID) -> Graph.Node? {
    guard let index = producers[id], case .dequantizeLinear = graph.nodes[index].operation else { return nil }
    return graph.nodes[index]
  }

  // MARK: Weights

  private mutating func checkWeights(_ node: Graph.Node) {
    for (position, id) in node.inputs.enumerated() {
      let content = node.operation.inputs.content(at: position)
      guard let id, content == .weight || content == .activationOrWeight else { continue }
      // A quantised weight is looked at where its product reads it, since only the product tells its channels.
      let dequantizer = dequantizer(of: id)
      let source = dequantizer?.firstInput ?? id
      guard !isSeen[source], let weights = constant(source), weights.count > 0 else { continue }
      switch node.operation {
      case .dequantizeLinear, .quantizeLinear: continue
      default: isSeen[source] = true
      }
      let zero = zeroPoint(of: node, position, dequantizer)
      switch weights.type {
      case .int32: checkBias(weights, node, source)
      case .int8, .uint8: checkRange(weights, Int(zero), node, source)
      default: break
      }
      var isProduct = true
      if case .none = node.operation.multiplyAdds { isProduct = false }
      if content == .weight || isProduct, weights.shape.rank > 1 {
        checkZeros(weights, UInt8(truncatingIfNeeded: zero), node, source)
      }
    }
  }

  /// The (first) zero point of a quantised weight, 0 where there is none.
  private func zeroPoint(of node: Graph.Node, _ position: Int, _ dequantizer: Graph.Node?) -> Int {
    if let dequantizer {
      return constant(dequantizer.inputs.count > 2 ? dequantizer.inputs[2] : nil)?.ints?.first ?? 0
    }
    let name = node.operation.inputs.count > position ? node.operation.inputs[position].name + "_zero_point" : ""
    guard let input = node.operation.inputs.first(where: { $0.name == name }) else { return 0 }
    return constant(node[input])?.ints?.first ?? 0
  }

  private mutating func checkBias(_ bias: Tensor, _ node: Graph.Node, _ id: Graph.ValueID) {
    // Products are added to a bias: what is left must be room for them.
    let large = bias.withElements(Int32.self) { $0.reduce(0) { $0 + ($1.magnitude >= 1 << 30 ? 1 : 0) } }
    guard large > 0 else { return }
    report(
      .largeBias,
      "\(node.place): \(large) of \(bias.count) values of the bias '\(graph.values[id].name)' are so large that sums "
        + "of 32 bits "
        + "overflow; quantise it again with larger scales", node: node.name, value: id)
  }

  private mutating func checkRange(_ weights: Tensor, _ zero: Int, _ node: Graph.Node, _ id: Graph.ValueID) {
    guard weights.count >= Self.fewestWeights else { return }
    let isSigned = weights.type == .int8
    var counts = [Int](repeating: 0, count: 256)
    weights.withBytes { for byte in $0 { counts[Int(byte)] += 1 } }
    func count(_ value: Int) -> Int { counts[value & 255] }
    let (low, high) = isSigned ? (-128, 127) : (0, 255)
    let atEnds = count(low) + count(high) + (isSigned ? count(-127) : 0)
    // A channel whose scale is made for its largest weight has one or two there.
    let channels = weights.shape.extents.max() ?? 1
    if atEnds > weights.count / 20 + 2 * channels {
      report(
        .saturatedWeights,
        "\(node.place): \(atEnds) of \(weights.count) weights '\(graph.values[id].name)' lie at the ends of "
          + "\(weights.type.name); "
          + "quantise it again with larger scales", node: node.name, value: id)
    }
    let values = (low...high).filter { count($0) > 0 } + [zero]
    let range = (values.max() ?? 0) - (values.min() ?? 0)
    if range > 0, range < 26 {
      report(
        .narrowWeights,
        "\(node.place): weights '\(graph.values[id].name)' use \(range + 1) of 256 values; quantise it again with "
          + "smaller scales",
        node: node.name, value: id)
    }
  }

  /// Weights that are all zero, or whole output channels of them.
  private mutating func checkZeros(_ weights: Tensor, _ zero: UInt8, _ node: Graph.Node, _ id: Graph.ValueID) {
    guard weights.count >= Self.fewestWeights else { return }
    let filler = weights.type.byteCount == 1 ? zero : 0
    // The outermost axis is that of the output channels.
    let channels: Int
    switch node.operation {
    case .conv, .qLinearConv, .convInteger: channels = weights.shape[0]
    case .gemm(let gemm) where gemm.transB: channels = weights.shape[0]
    default: channels = 1
    }
    guard channels > 0 else { return }
    let size = weights.byteCount / channels
    let dead = weights.withBytes { bytes in
      (0..<channels).reduce(0) { count, channel in
        for byte in bytes[(channel * size)..<((channel + 1) * size)] where byte != filler { return count }
        return count + 1
      }
    }
    let name = graph.values[id].name
    if dead == channels {
      report(
        .zeroWeights, "\(node.place): all weights '\(name)' are zero; was the file written before training?",
        node: node.name, value: id)
    } else if dead > 0 {
      report(
        .deadChannels,
        "\(node.place): \(dead) of \(channels) output channels of '\(name)' have no weight other than zero; pruning "
          + "would "
          + "remove them", node: node.name, value: id)
    }
  }

  private mutating func checkVariance(_ node: Graph.Node, _ epsilon: Float) {
    guard let id = node[BatchNormalization.Input.variance], let variance = constant(id) else { return }
    let values = variance.doubles
    let negative = values.reduce(0) { $0 + ($1 < 0 ? 1 : 0) }
    let vanishing = values.reduce(0) { $0 + ($1 >= 0 && $1 < 1e-12 ? 1 : 0) }
    guard negative + vanishing > 0 else { return }
    report(
      .smallVariance,
      "\(node.place): of \(variance.count) variances '\(graph.values[id].name)' \(negative) are negative and "
        + "\(vanishing) are practically zero; epsilon is \(NumberText.shortest(Double(epsilon)))", node: node.name,
      value: id)
  }

  // MARK: Constants

  private mutating func checkFolding(_ node: Graph.Node) {
    var bytes = 0
    for case let input? in node.inputs {
      guard let tensor = constant(input) else { return }
      bytes = max(bytes, tensor.byteCount)
    }
    guard bytes > Self.mebibyte else { return }
    var after = 0
    for case let output? in node.outputs {
      guard let fact = facts[output] else { return }
      after += fact.shape.count * fact.type.byteCount
    }
    guard after < bytes else { return }
    report(
      .foldable,
      "\(node.place): computes \(after) bytes from a constant of \(bytes); folding constants (onnx-simplifier) makes "
        + "the file "
        + "smaller", node: node.name)
  }

  /// Constants of the same bytes, and large ones of a single value.
  private mutating func checkCopies() {
    var first: [Int: Graph.ValueID] = [:]
    for (id, value) in graph.values.enumerated() {
      guard let tensor = value.constant, tensor.byteCount >= Self.smallestCopy else { continue }
      let size = tensor.type.byteCount
      let (hash, isUniform) = tensor.withBytes { bytes in
        // FNV-1a over words of 8 bytes; a rest shorter than that is left to the comparison.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(bytes.count)
        for word in 0..<(bytes.count / 8) {
          hash = (hash ^ bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)) &* 0x100_0000_01b3
        }
        return (Int(truncatingIfNeeded: hash), !(size..<bytes.count).contains { bytes[$0] != bytes[$0 - size] })
      }
      if isUniform {
        if tensor.byteCount > Self.mebibyte {
          report(
            .foldable,
            "initialiser '\(value.name)': one value \(tensor.count) times, \(tensor.byteCount) bytes; a "
              + "ConstantOfShape or a "
              + "scalar makes the file smaller", value: id)
        }
        continue
      }
      guard let other = first[hash], let copy = graph.values[other].constant, tensor.isSame(as: copy) else {
        first[hash] = id
        continue
      }
      report(
        .duplicateWeights,
        "initialiser '\(value.name)' holds the same \(tensor.byteCount) bytes as '\(graph.values[other].name)'; one "
          + "of them "
          + "is enough", value: id)
    }
  }

  // MARK: Types, inputs and outputs

  private mutating func checkTypes() {
    let ports = graph.inputs + graph.outputs
    if ports.contains(where: { facts[$0]?.type == .float64 }) { return }
    var first: Graph.Node?
    var count = 0
    for node in graph.nodes {
      guard let fact = node.firstOutput.flatMap({ facts[$0] }), fact.type == .float64, fact.shape.count > 1 else {
        continue
      }
      first = first ?? node
      count += 1
    }
    guard let first else { return }
    report(
      .doubles,
      "\(first.place): \(counted(count, "node")) compute in float64, though neither inputs nor outputs are; a "
        + "constant of the "
        + "wrong type?", node: first.name)
  }

  private mutating func checkInputs() {
    var isRead = [Bool](repeating: false, count: graph.values.count)
    for node in graph.nodes { for case let input? in node.inputs { isRead[input] = true } }
    for id in graph.outputs { isRead[id] = true }
    for id in graph.inputs where !isRead[id] {
      report(.unusedInput, "input '\(graph.values[id].name)' is read by no node", value: id)
    }
    if !isBatchChecked, let id = graph.fixedBatch, let dimensions = graph.values[id].declaration?.dimensions {
      report(
        .fixedBatch,
        "input '\(graph.values[id].name)' fixes the batch to \(dimensions[0].text); export it with a free first axis "
          + "to run "
          + "several pictures at once", value: id)
    }
  }

  private mutating func checkOutputs() {
    for id in graph.outputs {
      let name = String(decoding: graph.values[id].name.utf8.map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 }, as: UTF8.self)
      guard facts[id] != nil, !name.has("log"), name.has("prob") || name.has("softmax"),
        let ending = try? ClassifierInterface.ending(graph, id, facts), case .logits = ending
      else { continue }
      report(
        .noProbability,
        "output '\(graph.values[id].name)' is named like probabilities, but no Softmax or Sigmoid makes it", value: id)
    }
  }
}

extension Tensor {
  fileprivate func isSame(as other: Tensor) -> Bool {
    guard type == other.type, byteCount == other.byteCount else { return false }
    return withBytes { a in other.withBytes { b in !a.indices.contains { a[$0] != b[$0] } } }
  }
}

extension String {
  fileprivate func has(_ part: StaticString) -> Bool {
    let (bytes, count) = (Array(utf8), part.utf8CodeUnitCount)
    guard bytes.count >= count else { return false }
    return (0...(bytes.count - count)).contains { start in
      (0..<count).allSatisfy { bytes[start + $0] == part.utf8Start[$0] }
    }
  }
}
