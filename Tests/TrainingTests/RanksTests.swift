import ModelGraph
import TestSupport
import Testing
import Training

@Suite struct RanksTests {
  private static let shape: Shape = [32, 3, 16, 16]

  /// A network with all kinds of normalisation (with and without Relu, with a residual) and a dropout.
  private static func network() throws -> Graph {
    var sketch = Sketch()
    let x = sketch.input(shape)
    let a = sketch.op("ra", .relu(Relu()), [try sketch.norm("na", try sketch.conv("a", x, [16, 3, 3, 3], pad: 1), 16)])
    let b = try sketch.norm("nb", try sketch.conv("b", a, [16, 16, 3, 3], pad: 1, bias: true), 16)
    let c = sketch.op("rc", .relu(Relu()), [sketch.op("add", .add(Add()), [b, a])])
    let d = sketch.op(
      "rd", .relu(Relu()), [try sketch.norm("nd", try sketch.conv("d", c, [24, 16, 3, 3], stride: 2), 24)])
    let e = sketch.op(
      "drop", .dropout(Dropout()), [d, sketch.graph.addConstant("ratio", try Tensor(scalar: Float(0.3)))])
    try sketch.head(e, channels: 24, classes: 3)
    return sketch.graph
  }

  /// Some rows of a batch.
  private static func batch(_ step: Int, _ rows: Range<Int>, weighted: Bool) throws -> (
    images: Tensor, targets: Targets
  ) {
    let size = 3 * 16 * 16
    let all = try Tensor.noise(shape, seed: UInt64(step) + 3).array(of: Float.self)
    let labels = (0..<32).map { Int32($0 * 7 % 5 % 3) }
    var targets = Targets(Array(labels[rows]))
    if weighted {
      targets.partners = rows.map { labels[($0 + 5) % 32] }
      targets.shares = rows.map { 0.5 + Float($0) / 64 }
      targets.smoothing = 0.1
      targets.classWeights = [1, 2, 0.5]
    }
    return (
      try Tensor([rows.count, 3, 16, 16], Array(all[(rows.lowerBound * size)..<(rows.upperBound * size)])), targets
    )
  }

  private struct Outcome: Sendable {
    var losses: [Float] = []
    var state: [UInt8] = []
    var graph: Graph
  }

  private static func train(
    _ rows: Range<Int>, steps: Int, optimizer: Optimizer, weighted: Bool, freezing: Freezing, ranks: (any Ranks)?
  ) throws -> Outcome {
    let network = try TrainingNetwork(
      network(), inputShape: [max(rows.count, 2), 3, 16, 16], threads: 1, freezing: freezing, seed: 4, ranks: ranks)
    var losses: [Float] = []
    for step in 0..<steps {
      let (images, targets) = try batch(step, rows, weighted: weighted)
      losses.append(
        try network.step(
          images: images, targets: targets, optimizer: optimizer, rates: [0.02, 0.02, 0.02], momentum: 0.9))
    }
    return Outcome(losses: losses, state: try network.state(), graph: try network.graph())
  }

  @Test(arguments: [
    ([16], false, Freezing.none), ([12], true, Freezing.none), ([1, 20], true, Freezing.none),
    ([20], false, Freezing.body()), ([16], false, Freezing.body(normalizationsLearn: false)),
  ])
  func partsOfABatchTrainAsTheWhole(_ cuts: [Int], _ weighted: Bool, _ freezing: Freezing) throws {
    let optimizer = Optimizer.sgd(weightDecay: 0.01)
    let whole = try RanksTests.train(
      0..<32, steps: 5, optimizer: optimizer, weighted: weighted, freezing: freezing, ranks: nil)
    let ends = [0] + cuts + [32]
    let parts = try ThreadRanks.each(ends.count - 1) { ranks in
      try RanksTests.train(
        ends[ranks.rank]..<ends[ranks.rank + 1], steps: 5, optimizer: optimizer, weighted: weighted,
        freezing: freezing, ranks: ranks)
    }
    for part in parts {
      #expect(part.state == parts[0].state && part.losses == parts[0].losses)
      for (loss, wanted) in zip(part.losses, whole.losses) { #expect(abs(loss - wanted) < 1e-5, "\(loss) \(wanted)") }
      for (value, wanted) in zip(part.graph.values, whole.graph.values) {
        guard let tensor = value.constant, let wanted = wanted.constant, tensor.type == .float32 else { continue }
        #expect(distance(tensor, wanted) < 1e-4, "\(value.name)")
      }
    }
    #expect(whole.losses[0] != whole.losses[4])
  }

  /// The loss may occur before, between or after the layers' reductions.
  @Test(arguments: 0..<14) func aStepWithALostRankChangesNothing(_ sums: Int) throws {
    let states = try ThreadRanks.each(2, sums: sums) { ranks in
      let network = try TrainingNetwork(
        RanksTests.network(), inputShape: [16, 3, 16, 16], threads: 1, seed: 4, ranks: ranks)
      let before = try network.state()
      let (images, targets) = try RanksTests.batch(0, 0..<16, weighted: false)
      do {
        while true {
          let earlier = try network.state()
          do {
            _ = try network.step(
              images: images, targets: targets, optimizer: .sgd(), rates: [0.1, 0.1, 0.1], momentum: 0.9)
          } catch {
            // No moments either: after the first step they exist but are zero.
            let after = try network.state()
            #expect(
              network.stepCount > 0 ? after == earlier : try RanksTests.weights(after) == RanksTests.weights(before))
            throw error
          }
        }
      } catch is RankLost {}
      return try network.graph().values.compactMap { $0.constant?.type == .float32 ? $0.constant?.doubles : nil }
    }
    #expect(states[0] == states[1])
  }

  /// The network of a state, without its moments.
  private static func weights(_ state: [UInt8]) throws -> [[Double]] {
    let network = try TrainingNetwork(RanksTests.network(), inputShape: [16, 3, 16, 16], threads: 1, seed: 4)
    try network.restore(state)
    return try network.graph().values.compactMap { $0.constant?.type == .float32 ? $0.constant?.doubles : nil }
  }

  @Test func fingerprintTellsNetworksApart() throws {
    func network() throws -> TrainingNetwork {
      try TrainingNetwork(RanksTests.network(), inputShape: [16, 3, 16, 16], threads: 1, seed: 4)
    }
    let (one, other) = (try network(), try network())
    #expect(one.fingerprint == other.fingerprint)
    let (images, targets) = try RanksTests.batch(0, 0..<16, weighted: false)
    _ = try one.step(images: images, targets: targets, optimizer: .sgd(), rates: [0.1, 0.1, 0.1], momentum: 0.9)
    #expect(one.fingerprint != other.fingerprint)
    try other.restore(one.state())
    #expect(one.fingerprint == other.fingerprint)
  }
}
