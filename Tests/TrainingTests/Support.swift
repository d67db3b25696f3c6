import Foundation
import ModelGraph
import ONNXFormat
import TestSupport
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

/// Loss and gradients of a graph by the operators' plain definitions and gradient rules: what the trainer is held to.
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
