import ModelGraph
import TestSupport
import Testing
import Training

@Suite struct TrainingNetworkTests {
  /// A ResNet with one block per stage and few channels.
  private func tiny(classes: Int = 2, dropout: Float? = nil) throws -> Graph {
    var sketch = Sketch()
    let x = sketch.input([32, 3, 16, 16])
    var y = sketch.op("r", .relu(Relu()), [try sketch.norm("bn", try sketch.conv("c", x, [16, 3, 3, 3], pad: 1), 16)])
    for (index, channels) in [(1, 16), (2, 32)] {
      let from = index == 1 ? 16 : 16
      let stride = index
      let a = sketch.op(
        "ra\(index)", .relu(Relu()),
        [
          try sketch.norm(
            "bna\(index)", try sketch.conv("ca\(index)", y, [channels, from, 3, 3], stride: stride, pad: 1), channels)
        ])
      let b = try sketch.norm(
        "bnb\(index)", try sketch.conv("cb\(index)", a, [channels, channels, 3, 3], pad: 1), channels)
      let skip =
        index == 1 ? y : try sketch.norm("bns", try sketch.conv("cs", y, [channels, from, 1, 1], stride: 2), channels)
      y = sketch.op("r\(index)", .relu(Relu()), [sketch.op("add\(index)", .add(Add()), [b, skip])])
    }
    if let dropout {
      y = sketch.op("drop", .dropout(Dropout()), [y, sketch.graph.addConstant("ratio", try Tensor(scalar: dropout))])
    }
    try sketch.head(y, channels: 32, classes: classes)
    return sketch.graph
  }

  private let shape: Shape = [32, 3, 16, 16]
  private var labels: [Int32] { (0..<32).map { Int32($0 * 7 % 5 % 2) } }

  private func train(
    _ network: TrainingNetwork, steps: Int, optimizer: Optimizer = .adamW(), rate: Float = 3e-3
  ) throws -> [Float] {
    let images = try Tensor.noise(shape, seed: 3)
    return try (0..<steps).map { _ in
      try network.step(images: images, labels: labels, optimizer: optimizer, rate: rate, momentum: 0.9)
    }
  }

  @Test(arguments: ["adamW", "sgd"]) func overfits32Pictures(_ name: String) throws {
    let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: 2)
    let optimizer = name == "sgd" ? Optimizer.sgd() : .adamW()
    let losses = try train(network, steps: 60, optimizer: optimizer, rate: name == "sgd" ? 0.05 : 3e-3)
    #expect(losses[0] > 0.4)
    #expect(losses[59] < 0.02)
    #expect(network.stepCount == 60)
  }

  /// Eight convolutions in sequence, each with normalisation and rectifier, which account for most of the saved
  /// activations.
  @Test func activationsMadeAgainAreTheSame() throws {
    var sketch = Sketch()
    var y = sketch.input(shape)
    for layer in 0..<8 {
      let convolved = try sketch.conv("c\(layer)", y, [16, layer == 0 ? 3 : 16, 3, 3], pad: 1)
      y = sketch.op("r\(layer)", .relu(Relu()), [try sketch.norm("bn\(layer)", convolved, 16)])
    }
    try sketch.head(y, channels: 16, classes: 2)
    let kept = try TrainingNetwork(sketch.graph, inputShape: shape, threads: 2, recomputed: .max)
    let again = try TrainingNetwork(sketch.graph, inputShape: shape, threads: 2, recomputed: 1)
    #expect(again.memory.activations < kept.memory.activations * 4 / 5)
    #expect(try train(kept, steps: 5) == train(again, steps: 5))
    #expect(try kept.state() == again.state())
  }

  @Test(.enabled(if: Precision.bfloat16.isAvailable, "by plain arithmetic at GIEMSA_ISA=portable"))
  func bfloat16FollowsFloat() throws {
    let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: 2, precision: .bfloat16)
    let plain = try TrainingNetwork(try tiny(), inputShape: shape, threads: 2)
    let images = try Tensor.noise(shape, seed: 3)
    // Evaluation is in float, whatever the precision of training.
    #expect(try network.logits(images).array(of: Float.self) == plain.logits(images).array(of: Float.self))
    let losses = try train(network, steps: 60)
    let wanted = try train(plain, steps: 60)
    #expect(losses[0] != wanted[0])
    for step in 0..<5 { #expect(abs(losses[step] - wanted[step]) < 0.03, "step \(step)") }
    #expect(losses[59] < 0.02)
    var states: [[UInt8]] = []
    for threads in [1, 2, 3] {
      let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: threads, precision: .bfloat16)
      _ = try train(network, steps: 2)
      states.append(try network.state())
    }
    #expect(states[0] == states[1] && states[1] == states[2])
  }

  @Test(.enabled(if: !Precision.bfloat16.isAvailable)) func bfloat16IsRefusedWithoutInstructions() throws {
    #expect(throws: TrainingError.noBfloat16) {
      try TrainingNetwork(try tiny(), inputShape: shape, threads: 1, precision: .bfloat16)
    }
  }

  @Test func theLargestGradientIsFound() throws {
    let images = try Tensor.noise(shape, seed: 3)
    let labels = (0..<shape[0]).map { Int32($0 % 2) }
    for threads in [1, 3] {
      let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: threads)
      let all = try network.gradients(images: images, labels: labels).gradients.map { name, gradient in
        (name: name, size: gradient.array(of: Float.self).reduce(0) { max($0, abs($1)) })
      }
      let most = try #require(all.max { $0.size < $1.size })
      #expect(network.largestGradient == nil)
      _ = try network.step(images: images, labels: labels, optimizer: .sgd(), rate: 1e-3, momentum: 0.9)
      let found = try #require(network.largestGradient)
      #expect(found.parameter == most.name)
      #expect(abs(found.size - most.size) <= most.size * 1e-6)
    }
  }

  @Test func sameSeedSameBytesWhateverTheThreads() throws {
    var states: [[UInt8]] = []
    for threads in [1, 2, 2, 3] {
      let network = try TrainingNetwork(try tiny(dropout: 0.3), inputShape: shape, threads: threads, seed: 5)
      _ = try train(network, steps: 3)
      states.append(try network.state())
    }
    #expect(states[1] == states[2])
    #expect(states[0] == states[1])
    #expect(states[0] == states[3])
    let other = try TrainingNetwork(try tiny(dropout: 0.3), inputShape: shape, threads: 2, seed: 6)
    _ = try train(other, steps: 3)
    #expect(try other.state() != states[0])
  }

  @Test func evaluationAgreesWithTheGraph() throws {
    let network = try TrainingNetwork(try tiny(dropout: 0.5), inputShape: shape, threads: 2)
    _ = try train(network, steps: 5)
    let images = try Tensor.noise(shape, seed: 8)
    let logits = try network.logits(images)
    let graph = try network.graph()
    #expect(distance(logits, try graph.evaluate([images])[0]) < 1e-4)
    let again = try TrainingNetwork(graph, inputShape: shape, threads: 2)
    #expect(distance(try again.logits(images), logits) < 1e-6)
    // Smaller and larger batches than planned give the same logits.
    let small = try TrainingNetwork(graph, inputShape: [5, 3, 16, 16], threads: 2)
    #expect(distance(try small.logits(images), logits) < 1e-5)
  }

  @Test func smallerBatchesTrainToo() throws {
    let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: 2)
    let exact = try TrainingNetwork(try tiny(), inputShape: [7, 3, 16, 16], threads: 2)
    let images = try Tensor.noise([7, 3, 16, 16], seed: 4)
    let labels: [Int32] = [0, 1, 1, 0, 1, 0, 0]
    for _ in 0..<3 {
      let a = try network.step(images: images, labels: labels, optimizer: .adamW(), rate: 1e-3, momentum: 0.9)
      let b = try exact.step(images: images, labels: labels, optimizer: .adamW(), rate: 1e-3, momentum: 0.9)
      #expect(abs(a - b) < 1e-5)
    }
  }

  @Test func checkpointGoesOnAsIfNeverStopped() throws {
    let whole = try TrainingNetwork(try tiny(dropout: 0.2), inputShape: shape, threads: 2)
    _ = try train(whole, steps: 6)
    let first = try TrainingNetwork(try tiny(dropout: 0.2), inputShape: shape, threads: 2)
    _ = try train(first, steps: 3)
    let second = try TrainingNetwork(try tiny(dropout: 0.2), inputShape: shape, threads: 2)
    try second.restore(try first.state())
    _ = try train(second, steps: 3)
    #expect(try second.state() == whole.state())
  }

  @Test func checkpointCarriesNotes() throws {
    let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: 1)
    _ = try train(network, steps: 1)
    let state = try network.state(notes: [7, 0, 255])
    #expect(try TrainingNetwork.notes(in: state) == [7, 0, 255])
    #expect(throws: CheckpointError.self) { try TrainingNetwork.notes(in: Array(state.prefix(22))) }
    let other = try TrainingNetwork(try tiny(), inputShape: shape, threads: 1)
    try other.restore(state)
    #expect(try other.state(notes: [7, 0, 255]) == state)
  }

  @Test func checkpointRefusesWhatDoesNotFit() throws {
    let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: 1)
    _ = try train(network, steps: 1)
    let state = try network.state()
    for bytes in [[], Array("nonsense".utf8), Array(state.dropLast()), state + [0], Array(state.prefix(60))] {
      #expect(throws: CheckpointError.self) { try network.restore(bytes) }
    }
    var huge = state
    for index in 36..<44 where index < huge.count { huge[index] = 0xFF }
    #expect(throws: CheckpointError.self) { try network.restore(huge) }
    let other = try TrainingNetwork(try tiny(classes: 3), inputShape: shape, threads: 1)
    #expect(throws: CheckpointError.self) { try other.restore(state) }
    #expect(try network.state() == state)
  }

  /// Corruption in every kind of field: notes, counts, names, weights, moments, statistics, the checksum.
  @Test func noFlippedBitIsTaken() throws {
    let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: 1)
    _ = try train(network, steps: 1)
    let state = try network.state(notes: Array(#"{"epoch":1}"#.utf8))
    for at in [0, 9, 13, 21, 24, 33, 41, 60] + Array(stride(from: 100, to: state.count, by: state.count / 40))
      + [state.count - 40, state.count - 1]
    {
      var rotten = state
      rotten[at] ^= 16
      #expect(throws: CheckpointError.self, "byte \(at)") { try network.restore(rotten) }
      #expect(throws: CheckpointError.self, "byte \(at)") { try TrainingNetwork.notes(in: rotten) }
    }
    #expect(try network.state(notes: Array(#"{"epoch":1}"#.utf8)) == state)
  }

  @Test func runningStatisticsFollowPyTorch() throws {
    var sketch = Sketch()
    let x = sketch.input([4, 1])
    let y = sketch.op(
      "bn", .batchNormalization(BatchNormalization(momentum: 0.9)),
      [
        x, sketch.graph.addConstant("w", try Tensor([1], [Float(1)])),
        sketch.graph.addConstant("b", try Tensor([1], [Float(0)])),
        sketch.graph.addConstant("mean", try Tensor([1], [Float(0)])),
        sketch.graph.addConstant("var", try Tensor([1], [Float(1)])),
      ])
    sketch.graph.outputs = [try sketch.linear("fc", y, from: 1, to: 2)]
    let network = try TrainingNetwork(sketch.graph, inputShape: [4, 1], threads: 1)
    _ = try network.step(
      images: try Tensor([4, 1], [Float(1), 2, 3, 6]), labels: [0, 1, 0, 1], optimizer: .sgd(), rate: 0, momentum: 0)
    let graph = try network.graph()
    func statistic(_ name: String) throws -> Double {
      try #require(graph.values.first { $0.name == name }?.constant?.doubles.first)
    }
    // Mean 3, unbiased variance 14/3: 0.9 · old + 0.1 · batch.
    #expect(abs(try statistic("mean") - 0.3) < 1e-6)
    #expect(abs(try statistic("var") - (0.9 + 14.0 / 30)) < 1e-6)
  }

  @Test func refusesBadBatches() throws {
    let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: 1)
    let images = try Tensor.noise([2, 3, 16, 16], seed: 1)
    for labels: [Int32] in [[0], [0, 2], [-1, 0]] {
      #expect(throws: TrainingError.self) {
        _ = try network.step(images: images, labels: labels, optimizer: .sgd(), rate: 0.1, momentum: 0.9)
      }
    }
    #expect(throws: GraphError.self) { _ = try network.logits(try Tensor.noise([2, 1, 16, 16], seed: 1)) }
  }

  @Test func notANumberStopsTheStep() throws {
    let network = try TrainingNetwork(try tiny(), inputShape: shape, threads: 1)
    var images = try Tensor.noise(shape, seed: 1)
    images.withMutableElements(Float.self) { $0[0] = .nan }
    #expect(throws: TrainingError.lossNotFinite(step: 1)) {
      _ = try network.step(images: images, labels: labels, optimizer: .sgd(), rate: 0.1, momentum: 0.9)
    }
  }
}
