import Foundation
import ModelGraph
import TestSupport
import Testing
import Training

@Suite struct TargetsTests {
  /// The loss of a network that is only a bias, and its gradient by the bias, which is the sum of the logits'
  /// gradients.
  private func loss(_ targets: Targets) throws -> Float {
    var sketch = Sketch()
    let x = sketch.input([3, 4])
    sketch.graph.outputs = [try sketch.linear("fc", x, from: 4, to: 3)]
    let network = try TrainingNetwork(sketch.graph, inputShape: [3, 4], threads: 1)
    return try network.step(
      images: try Tensor.noise([3, 4], seed: 2), targets: targets, optimizer: .sgd(), rates: [0, 0, 0], momentum: 0)
  }

  private func of(_ labels: [Int32]) throws -> Float { try loss(Targets(labels)) }

  /// Against the definition in double precision, with logits so large that only their differences can be exponentiated.
  @Test(arguments: [Float(1), 1e3, 1e6, 1e30]) func largeLogits(_ size: Float) throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3])
    let unit = try Tensor([3, 3], [Float(1), 0, 0, 0, 1, 0, 0, 0, 1])
    sketch.graph.outputs = [sketch.op("fc", .gemm(Gemm()), [x, sketch.graph.addConstant("unit", unit)])]
    let network = try TrainingNetwork(sketch.graph, inputShape: [2, 3], threads: 1)
    let logits = [size, size * 1.0000005, -size, -size, size * 0.9999995, size]
    let loss = try network.step(
      images: try Tensor([2, 3], logits), labels: [0, 1], optimizer: .sgd(), rate: 0, momentum: 0)
    let wanted = [0, 1].map { row in
      let line = logits[row * 3..<row * 3 + 3].map { Double($0) }
      let most = line.max() ?? 0
      return most + log(line.reduce(0) { $0 + exp($1 - most) }) - line[row]
    }
    let mean = (wanted[0] + wanted[1]) / 2
    #expect(abs(Double(loss) - mean) <= 1e-6 * max(mean, 1))
  }

  /// Cross-entropy is linear in the target distribution.
  @Test func mixesAreSums() throws {
    var mixed = Targets([0, 1, 2])
    mixed.partners = [1, 2, 0]
    mixed.shares = [0.7, 0.7, 0.7]
    #expect(abs(try loss(mixed) - (0.7 * of([0, 1, 2]) + 0.3 * of([1, 2, 0]))) < 1e-5)
    var smooth = Targets([0, 1, 2])
    smooth.smoothing = 0.3
    let all = try (of([0, 1, 2]) + of([1, 2, 0]) + of([2, 0, 1])) / 3
    #expect(abs(try loss(smooth) - (0.7 * of([0, 1, 2]) + 0.3 * all)) < 1e-5)
  }

  /// As in PyTorch: the weighted mean over the pictures.
  @Test func weightsCount() throws {
    var even = Targets([0, 1, 2])
    even.classWeights = [2, 2, 2]
    #expect(abs(try loss(even) - of([0, 1, 2])) < 1e-6)
    var one = Targets([0, 0, 2])
    one.classWeights = [0, 1, 1]
    var other = one
    other.labels = [0, 1, 2]
    other.classWeights = [0, 0, 1]
    #expect(abs(try loss(one) - loss(other)) < 1e-6)
    var wrong = Targets([0, 1, 2])
    wrong.classWeights = [1, 1]
    #expect(throws: TrainingError.self) { try loss(wrong) }
  }

  /// The gradient against differences of the loss.
  @Test func slopes() throws {
    var sketch = Sketch()
    let x = sketch.input([3, 4])
    sketch.graph.outputs = [try sketch.linear("fc", x, from: 4, to: 3)]
    var targets = Targets([0, 1, 1])
    targets.partners = [1, 2, 0]
    targets.shares = [0.6, 0.9, 0.8]
    targets.smoothing = 0.1
    targets.classWeights = [1, 3, 0.5]
    let network = try TrainingNetwork(sketch.graph, inputShape: [3, 4], threads: 1)
    let images = try Tensor.noise([3, 4], seed: 2)
    // A small step against the gradient lowers the loss; repeated steps reach the minimum.
    var losses: [Float] = []
    for _ in 0..<200 {
      losses.append(
        try network.step(images: images, targets: targets, optimizer: .sgd(), rates: [0.3, 0.3, 0.3], momentum: 0.5))
    }
    #expect(losses[199] < losses[0] && losses[199] <= losses[150] + 1e-4)
  }
}
