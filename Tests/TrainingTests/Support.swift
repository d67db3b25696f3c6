import Foundation
import ModelGraph
import ONNXFormat
import Testing

/// The folders of Fixtures/gradients, written by tools/make-gradient-golden.
enum Golden {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/gradients").path

  static var cases: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.contains(".") }.sorted()
  }
}

extension Tensor {
  /// Distinct numbers within ±1 from a fixed sequence.
  static func noise(_ shape: Shape, seed: UInt64, type: ElementType = .float32) throws -> Tensor {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    let numbers = (0..<shape.count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-52 - 1
    }
    return type == .float64 ? try Tensor(shape, numbers) : try Tensor(shape, numbers.map { Float($0) })
  }
}

/// The largest difference, relative to the largest number (or 1).
func distance(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape else { return .infinity }
  let scale = b.doubles.reduce(1) { max($0, abs($1)) }
  return zip(a.doubles, b.doubles).reduce(0) { max($0, ($1.0 - $1.1).isNaN ? .infinity : abs($1.0 - $1.1)) } / scale
}

/// Loss and gradients of a graph by the operators' plain definitions and gradient rules: the reference for the trainer.
struct PlainBackward {
  var loss = 0.0
  var gradients: [Graph.ValueID: Tensor] = [:]

  /// Mean cross-entropy of output 0; batch normalisation takes the batch's statistics.
  init(_ graph: Graph, images: Tensor, labels: [Int]) throws {
    var values = graph.values.map { $0.constant }
    values[graph.inputs[0]] = images
    var nodes = graph.nodes
    for index in nodes.indices {
      if case .batchNormalization(var definition) = nodes[index].operation {
        definition.trainingMode = true
        nodes[index].operation = .batchNormalization(definition)
      }
      let outputs = try nodes[index].operation.evaluate(nodes[index].inputs.map { $0.flatMap { values[$0] } })
      values[try #require(nodes[index].outputs[0])] = outputs[0]
    }
    let output = graph.outputs[0]
    let logits = try #require(values[output])
    let classes = logits.shape[1]
    var slope = logits.doubles
    for (row, label) in labels.enumerated() {
      let line = Array(slope[row * classes..<(row + 1) * classes])
      let sum = line.reduce(0) { $0 + exp($1) }
      loss -= (line[label] - log(sum)) / Double(labels.count)
      for column in 0..<classes {
        slope[row * classes + column] = (exp(line[column]) / sum - (column == label ? 1 : 0)) / Double(labels.count)
      }
    }
    gradients[output] = try Tensor(logits.shape, slope.map { Float($0) })
    for node in nodes.reversed() {
      guard let target = node.outputs[0], let slope = gradients[target] else { continue }
      let results = try node.operation.gradients(
        inputs: node.inputs.map { $0.flatMap { values[$0] } }, output: try #require(values[target]),
        outputGradient: slope)
      for (input, result) in zip(node.inputs, results) {
        guard let input, let result else { continue }
        if let before = gradients[input] {
          let sum = zip(before.doubles, result.doubles).map { Float($0 + $1) }
          gradients[input] = try Tensor(result.shape, sum)
        } else {
          gradients[input] = result
        }
      }
    }
  }
}

/// Builds small graphs node by node.
struct Sketch {
  var graph = Graph(name: "sketch")
  private var seed: UInt64 = 0

  mutating func input(_ shape: Shape) -> Graph.ValueID { graph.addInput("input", Declaration(.float32, shape)) }

  mutating func weights(_ name: String, _ shape: Shape, scale: Float = 0.5, offset: Float = 0) throws -> Graph.ValueID {
    seed += 1
    let numbers = try Tensor.noise(shape, seed: seed).array(of: Float.self).map { $0 * scale + offset }
    return graph.addConstant(name, try Tensor(shape, numbers))
  }

  mutating func conv(
    _ name: String, _ x: Graph.ValueID, _ shape: Shape, stride: Int = 1, pad: Int = 0, dilation: Int = 1,
    group: Int = 1,
    bias: Bool = false
  ) throws -> Graph.ValueID {
    var inputs: [Graph.ValueID?] = [x, try weights("\(name).weight", shape)]
    if bias { inputs.append(try weights("\(name).bias", [shape[0]])) }
    let rank = shape.rank - 2
    func each(_ value: Int, _ count: Int) -> [Int] { [Int](repeating: value, count: count) }
    let window = Window(
      strides: each(stride, rank), pads: each(pad, 2 * rank), dilations: each(dilation, rank))
    return graph.add(.conv(Conv(window, group: group)), name, inputs)
  }

  mutating func norm(_ name: String, _ x: Graph.ValueID, _ channels: Int) throws -> Graph.ValueID {
    let inputs: [Graph.ValueID?] = [
      x, try weights("\(name).weight", [channels], scale: 0.3, offset: 1), try weights("\(name).bias", [channels]),
      try weights("\(name).mean", [channels]), try weights("\(name).var", [channels], scale: 0.3, offset: 1),
    ]
    return graph.add(.batchNormalization(BatchNormalization()), name, inputs)
  }

  mutating func linear(_ name: String, _ x: Graph.ValueID, from: Int, to: Int) throws -> Graph.ValueID {
    graph.add(
      .gemm(Gemm(transB: true)), name,
      [x, try weights("\(name).weight", [to, from]), try weights("\(name).bias", [to])])
  }

  mutating func op(_ name: String, _ operation: Operator, _ inputs: [Graph.ValueID?]) -> Graph.ValueID {
    graph.add(operation, name, inputs)
  }

  /// GlobalAveragePool → Flatten → Gemm, and the graph's output.
  mutating func head(_ x: Graph.ValueID, channels: Int, classes: Int) throws {
    let pooled = op("pool", .globalAveragePool(GlobalAveragePool()), [x])
    let flat = op("flat", .flatten(Flatten()), [pooled])
    graph.outputs = [try linear("fc", flat, from: channels, to: classes)]
  }
}
