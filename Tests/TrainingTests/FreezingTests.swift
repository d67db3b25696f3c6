import Foundation
import ModelGraph
import TestSupport
import Testing
import Training

@Suite struct FreezingTests {
  private let shape: Shape = [4, 3, 32, 32]
  private let labels: [Int32] = [0, 1, 1, 0]

  private func network(_ freezing: Freezing, threads: Int = 2) throws -> TrainingNetwork {
    let graph = try Architecture.resnet18.graph(classes: 2, head: .fastai, inputSize: (32, 32), seed: 1)
    return try TrainingNetwork(graph, inputShape: shape, threads: threads, freezing: freezing)
  }

  private func values(_ network: TrainingNetwork) throws -> [String: [Float]] {
    var values: [String: [Float]] = [:]
    for value in try network.graph().values {
      if let constant = value.constant, constant.type == .float32 { values[value.name] = constant.array() }
    }
    return values
  }

  /// The values that one step changes.
  private func changed(_ freezing: Freezing, rates: [Float] = [1e-2, 1e-2, 1e-2]) throws -> Set<String> {
    let network = try network(freezing)
    let before = try values(network)
    let images = try Tensor.noise(shape, seed: 3)
    _ = try network.step(
      images: images, targets: Targets(labels), optimizer: .sgd(), rates: rates, momentum: 0.9)
    let after = try values(network)
    return Set(before.keys.filter { before[$0] != after[$0] })
  }

  private func isHead(_ name: String) -> Bool { name.hasPrefix("head.") }
  private func isNorm(_ name: String) -> Bool {
    name.contains("bn") || name.contains("downsample.1") || name.contains("running_") || name.hasPrefix("head.")
  }

  @Test func frozenBodyStays() throws {
    let all = try changed(.none)
    #expect(all.contains("conv1.weight") && all.contains("layer3.0.conv1.weight") && all.contains("head.8.weight"))
    let head = try changed(.body(normalizationsLearn: false))
    #expect(head == all.filter { isHead($0) })
    let norms = try changed(.body())
    #expect(norms == all.filter { isNorm($0) })
    let half = try changed(Freezing(groups: 1, normalizationsLearn: false))
    #expect(half == all.filter { isHead($0) || $0.hasPrefix("layer3.") || $0.hasPrefix("layer4.") })
  }

  @Test func ratesAreOfTheirGroups() throws {
    let stays = try changed(.none, rates: [0, 0, 1e-2]).filter { !$0.contains("running_") }
    #expect(!stays.isEmpty && stays.allSatisfy { isHead($0) })
    let middle = try changed(.none, rates: [0, 1e-2, 0]).filter { !$0.contains("running_") }
    #expect(!middle.isEmpty && middle.allSatisfy { $0.hasPrefix("layer3.") || $0.hasPrefix("layer4.") })
  }

  /// A head that does not begin with dropout: trainable parameters have the same gradients whether or not the rest is
  /// frozen.
  @Test func gradientsAreTheSame() throws {
    let graph = try Architecture.resnet18.graph(classes: 2, inputSize: (32, 32), seed: 1)
    let images = try Tensor.noise(shape, seed: 3)
    func gradients(_ freezing: Freezing) throws -> [String: Tensor] {
      let network = try TrainingNetwork(graph, inputShape: shape, threads: 2, freezing: freezing)
      let found = try network.gradients(images: images, labels: labels).gradients
      return Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.gradient) })
    }
    let all = try gradients(.none)
    for freezing in [Freezing.body(), Freezing(groups: 1, normalizationsLearn: true)] {
      let some = try gradients(freezing)
      #expect(some.count > 2 && some.count < all.count)
      for (name, gradient) in some { #expect(gradient.array(of: Float.self) == all[name]?.array(of: Float.self)) }
    }
    #expect(try gradients(.body(normalizationsLearn: false)).count == 2)
  }

  /// The backward pass stops where no earlier layer is trainable, and frozen layers need no memory for it.
  @Test func costsLess() throws {
    let images = try Tensor.noise(shape, seed: 3)
    func backward(_ freezing: Freezing) throws -> (kinds: Set<String>, memory: Int) {
      let network = try network(freezing)
      _ = try network.step(
        images: images, labels: labels, optimizer: .sgd(), rate: 0.1, momentum: 0.9)
      let kinds = network.profile.filter { $0.backward > 0 && $0.kind != "update" }.map { $0.kind }
      return (Set(kinds), network.memory.activations)
    }
    let (all, head) = (try backward(.none), try backward(.body(normalizationsLearn: false)))
    #expect(all.kinds.contains("Conv"))
    #expect(!head.kinds.contains("Conv") && head.kinds.contains("Gemm"))
    #expect(head.memory * 2 < all.memory)
  }

  /// Frozen weights are part of a saved state, their unused moments are not.
  @Test func statesGoOn() throws {
    let images = try Tensor.noise(shape, seed: 3)
    func step(_ network: TrainingNetwork) throws {
      _ = try network.step(images: images, labels: labels, optimizer: .adamW(), rate: 1e-2, momentum: 0.9)
    }
    let (whole, first, second) = (try network(.body()), try network(.body()), try network(.body()))
    for _ in 0..<4 { try step(whole) }
    for _ in 0..<2 { try step(first) }
    let state = try first.state()
    try second.restore(state)
    for _ in 0..<2 { try step(second) }
    #expect(try second.state() == whole.state())
    let free = try network(.none)
    try step(free)
    #expect(try state.count * 2 < free.state().count)
    #expect(throws: CheckpointError.self) { try free.restore(state) }
  }

  @Test func anyGraphHasAHead() throws {
    var sketch = Sketch()
    let x = sketch.input([4, 3, 8, 8])
    let a = sketch.op("ra", .relu(Relu()), [try sketch.conv("a", x, [4, 3, 3, 3], pad: 1)])
    let b = sketch.op("rb", .relu(Relu()), [try sketch.conv("b", a, [4, 4, 3, 3], pad: 1)])
    try sketch.head(b, channels: 4, classes: 2)
    let network = try TrainingNetwork(
      sketch.graph, inputShape: [4, 3, 8, 8], threads: 1, freezing: Freezing(groups: 1, normalizationsLearn: true))
    let names = try network.gradients(images: try Tensor.noise([4, 3, 8, 8], seed: 1), labels: labels).gradients
    #expect(!names.contains { $0.name == "a.weight" } && names.contains { $0.name == "b.weight" })
  }
}
