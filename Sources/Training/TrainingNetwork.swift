import BLAS
import ModelGraph
import Platform
import TrainingKernels

/// Trains a ``Graph``: executes it forward in training mode, backward by one gradient rule per operator, and updates its
/// parameters: the float constants that feed convolutions, normalisations, Gemm, MatMul and PRelu.
///
/// Start here. `Plan` decides once, for one batch shape, which step executes which nodes and where every value lies. `Steps`
/// holds one kind of step a file, `Gradients` the gradient rules that steps without kernels use. `Network` holds the parts
/// of this class, `State` what is saved of it, `Ranks` training on several processes. Smaller batches than planned use the
/// front of the memory.
///
/// The same seed gives the same bytes for any number of threads. Not to be called from two threads at once. It refuses
/// graphs with several inputs and operators without a gradient rule.
public final class TrainingNetwork {
  /// Seconds spent in one kind of step since the network was made.
  public struct ProfileLine: Sendable {
    public var kind: String
    public var forward: Double
    public var backward: Double
  }

  /// The largest absolute gradient of a step (NaN if any is NaN), and the parameter it belongs to.
  public struct LargestGradient: Sendable, Equatable {
    public var parameter: String
    public var size: Float
  }

  /// `[batch, channels, height, width]`.
  public let inputShape: Shape
  public let classes: Int
  /// Number of training steps done.
  public internal(set) var stepCount = 0
  /// Of the last complete step; nil before the first.
  public private(set) var largestGradient: LargestGradient?

  let plan: TrainingPlan
  let store: ParameterStore
  /// The graph to save, for batches of any size, without the constants that are trained.
  private var source: Graph
  private let team: ThreadTeam
  private let kernels: KernelTables
  private let seed: UInt64
  /// nil if this process trains alone.
  private let exchange: GradientExchange?
  private var times = StepProfile()

  /// Plans the training of `graph` for batches of up to `inputShape[0]` pictures.
  ///
  /// - Parameters:
  ///   - freezing: which parameters do not learn.
  ///   - precision: type of the convolutions' operands in training.
  ///   - seed: of the dropout masks.
  ///   - ranks: the processes that train this network together, each on its part of every batch. `inputShape[0]` is the
  ///     most that this one gets. A step completes on all ranks or on none: weights, moments and running statistics change
  ///     only after all gradients have been summed.
  ///   - recomputed: activations of at least this many floats are recomputed in the backward pass where that is cheap
  ///     (``Recomputation``). This changes memory and time, no result.
  /// - Throws: `GraphError` naming the node if the graph cannot be trained; ``TrainingError`` if the processor has no
  ///   kernels for `precision`, or memory or threads run out.
  public init(
    _ graph: Graph, inputShape: Shape, threads: Int, freezing: Freezing = .none, precision: Precision = .float32,
    seed: UInt64 = 0, ranks: (any Ranks)? = nil, recomputed: Int = Recomputation.leastCount
  ) throws {
    guard inputShape.rank >= 2, inputShape[0] >= 1 else {
      throw GraphError(.badInput, "a batch of shape \(inputShape) cannot be trained on")
    }
    guard let team = ThreadTeam(threads: max(threads, 1)) else { throw TrainingError.noThreads(threads) }
    guard blas_prepare() != 0 else { throw TrainingError.noBLASMemory }
    kernels = try KernelTables(precision)
    let prepared = try TrainableGraph(graph, inputShape: inputShape)
    source = prepared.saved
    self.team = team
    self.seed = seed
    self.inputShape = inputShape
    plan = try TrainingPlan(
      prepared.planned, other: prepared.other, inputShape: inputShape, freezing: freezing, threads: team.threads,
      kernels: kernels, recomputed: recomputed)
    classes = plan.output.shape[1]
    store = try ParameterStore(plan)
    if let ranks {
      let completed = zip(plan.steps, plan.updates).reversed().filter { $0.0.output.learns }.flatMap { $0.1 }
      exchange = try GradientExchange(ranks, completed)
    } else {
      exchange = nil
    }
    for parameter in plan.parameters {
      guard let constant = prepared.planned.values[parameter.value].constant else { continue }
      store.setWeights(constant, of: parameter)
      // From now on the packed copy is the parameter.
      source.values[parameter.value].constant = nil
    }
    // A weight that a node computed from shapes is a constant from now on.
    let trained = Set(plan.parameters.map { $0.value } + statistics.map { $0.value })
    source.nodes.removeAll { $0.outputs.contains { $0.map(trained.contains) ?? false } }
  }

  // MARK: Training

  /// One training step: forward pass, backward pass, update. Returns the mean cross-entropy loss before the update.
  ///
  /// - Parameters:
  ///   - images: `[n, channels, height, width]` float32, n at most the planned batch.
  ///   - labels: n class indices.
  ///   - rate, momentum: for this step, from a schedule. Momentum is Adam's β1.
  /// - Throws: `GraphError` if the images do not fit; ``TrainingError`` if the labels do not, or the loss is not a number;
  ///   ``RankLost``. Nothing is updated then.
  public func step(
    images: Tensor, labels: [Int32], optimizer: Optimizer, rate: Float, momentum: Float
  ) throws -> Float {
    let rates = [Float](repeating: rate, count: LayerGroups.count)
    return try step(images: images, targets: Targets(labels), optimizer: optimizer, rates: rates, momentum: momentum)
  }

  /// The same with a rate for each of the ``LayerGroups`` and with any ``Targets``.
  public func step(
    images: Tensor, targets: Targets, optimizer: Optimizer, rates: [Float], momentum: Float
  ) throws -> Float {
    guard rates.count == LayerGroups.count else {
      throw TrainingError.rates(given: rates.count, groups: LayerGroups.count)
    }
    try store.prepareMoments(optimizer)
    var largest: LargestGradient?
    let updates = rates.map { optimizer.update(step: store.momentSteps + 1, rate: $0, momentum: momentum) }
    let loss = try forwardAndBackward(images, targets) { [self] parameter, gradient in
      let start = platform_seconds()
      let size = store.update(
        parameter, gradient, updates[parameter.group], kernels: kernels.float, team: team)
      // Compared as bits, NaN is larger than any number.
      if size.bitPattern > largest?.size.bitPattern ?? 0 {
        largest = LargestGradient(parameter: parameter.name, size: size)
      }
      times.update(since: start)
    }
    largestGradient = largest
    store.countStep()
    stepCount += 1
    return loss
  }

  /// The loss and the gradient of every parameter that learns, named and shaped as in the graph. Updates nothing but the
  /// running statistics.
  ///
  /// - Parameter observe: receives the name and value of each step's output in the forward pass.
  public func gradients(
    images: Tensor, labels: [Int32], observe: ((String, Tensor) throws -> Void)? = nil
  ) throws -> (loss: Float, gradients: [(name: String, gradient: Tensor)]) {
    var copies: [FloatBlock] = []
    let parameters = plan.parameters.filter { $0.learns }
    for parameter in parameters { copies.append(try FloatBlock(parameter.count)) }
    let loss = try forwardAndBackward(images, Targets(labels), observe: observe) { parameter, gradient in
      for (index, other) in parameters.enumerated() where other === parameter {
        copies[index].base.update(from: gradient, count: parameter.count)
      }
    }
    var gradients: [(name: String, gradient: Tensor)] = []
    for (parameter, copy) in zip(parameters, copies) {
      gradients.append((parameter.name, try parameter.tensor(copy.base)))
    }
    return (loss, gradients)
  }

  private func forwardAndBackward(
    _ images: Tensor, _ targets: Targets, observe: ((String, Tensor) throws -> Void)? = nil,
    _ update: (Parameter, UnsafeMutablePointer<Float>) -> Void
  ) throws -> Float {
    var pass = try begin(images, isTraining: true)
    try targets.check(pictures: pass.images, classes: classes)
    var weight = CrossEntropy.weight(targets, classes: classes)
    if let exchange {
      let share = BatchShare(exchange.ranks, images: pass.images, weight: weight)
      weight = share.weight
      pass.share = share
      exchange.begin()
      for statistic in statistics { statistic.pending = nil }
    }
    weight = max(weight, 1e-12)
    try forward(pass, observe: observe)
    var total = [
      CrossEntropy.total(
        pass.activation(plan.output), targets, classes: classes, weight: weight, gradient: pass.gradient(plan.output))
    ]
    exchange?.ranks.sum(&total)
    try checkRanks()
    let loss = Float(total[0] / weight)
    guard loss.isFinite else { throw TrainingError.lossNotFinite(step: stepCount + 1) }
    for (step, complete) in zip(plan.steps, plan.updates).reversed() where step.output.learns {
      let start = platform_seconds()
      try step.backward(pass)
      times.backward(step.kind, since: start)
      if let exchange {
        for parameter in complete { exchange.add(pass.gradient(parameter), of: parameter, team: team) }
        exchange.ranks.poll()
        try checkRanks()
      } else {
        for parameter in complete { update(parameter, pass.gradient(parameter)) }
      }
    }
    if let exchange {
      let start = platform_seconds()
      exchange.finish()
      times.wait(since: start)
      try checkRanks()
      // Nothing can fail from here on: the step completes on this rank.
      for statistic in statistics { statistic.numbers = statistic.pending ?? statistic.numbers }
      exchange.forEach { update($0, $1) }
    }
    return loss
  }

  /// No step can complete once another rank is lost.
  private func checkRanks() throws(RankLost) {
    if exchange?.ranks.isBroken ?? false { throw RankLost() }
  }

  /// Checks a batch, copies it into the arena and returns the pass that the steps execute.
  func begin(_ images: Tensor, isTraining: Bool) throws(GraphError) -> Pass {
    guard images.type == .float32, images.shape.rank == inputShape.rank,
      images.shape.extents[1...] == inputShape.extents[1...], images.shape[0] >= 1, images.shape[0] <= inputShape[0]
    else {
      throw GraphError(
        .badInput, "a batch of \(images.type.name) \(images.shape), must be float32 and fit \(inputShape)")
    }
    let pass = Pass(
      images: images.shape[0], isTraining: isTraining, key: (seed &+ UInt64(stepCount)) &* 0xD6E8_FEB8_6659_FD93,
      arena: plan.arena, weights: store.weights.base, team: team, kernels: kernels.float)
    let input = plan.input
    images.withElements(Float.self) { elements in
      guard let base = elements.baseAddress else { return }
      let target = pass.activation(input)
      if input.isChannelsLast {
        let (count, channels, pixels) = (Int32(pass.images), Int32(input.channels), Int32(input.pixels))
        team.run { thread, threads in
          kernels.float.to_channels_last(base, target, count, channels, pixels, thread, threads)
        }
      } else {
        target.update(from: base, count: elements.count)
      }
    }
    return pass
  }

  func forward(_ pass: Pass, observe: ((String, Tensor) throws -> Void)? = nil) throws {
    for step in plan.steps {
      let start = platform_seconds()
      try step.forward(pass)
      times.forward(step.kind, since: start)
      try observe?(step.output.name, pass.tensor(pass.activation(step.output), of: step.output))
      if exchange != nil { try checkRanks() }
    }
  }

  // MARK: Results

  /// The graph with the present parameters and running statistics as constants.
  public func graph() throws(GraphError) -> Graph {
    var graph = source
    for parameter in plan.parameters {
      graph.values[parameter.value].constant = try parameter.tensor(store.weights.base + parameter.offset)
    }
    for statistic in statistics {
      graph.values[statistic.value].constant = try Tensor([statistic.numbers.count], statistic.numbers)
    }
    return graph
  }

  var statistics: [RunningStatistic] { plan.steps.flatMap { $0.statistics } }

  /// The instruction set of the training kernels, `avx2`.
  public var instructionSet: String { kernels.instructionSet }

  /// Bytes of activations, gradients and scratch; bytes of weights and moments.
  public var memory: (activations: Int, weights: Int) { (plan.arena.byteCount, store.byteCount) }

  /// Time for each kind of step, the longest first.
  public var profile: [ProfileLine] { times.lines(hasRanks: exchange != nil) }

  public func resetProfile() { times = StepProfile() }
}
