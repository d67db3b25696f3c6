import BLAS
import Kernels
import ModelGraph
import Platform
import TrainingKernels

/// Trains a ``Graph``: executes it forward in training mode, backward by one gradient rule per operator, and updates its
/// parameters: the float constants that feed Conv, BatchNormalization, Gemm and MatMul.
///
/// All memory is laid out at the start for one batch shape; smaller batches use the front of it. The same seed gives the
/// same bytes, whatever the number of threads. Not to be called from two threads at once.
public final class TrainingNetwork {
  /// Seconds spent in a kind of step since the network was made.
  public struct ProfileLine: Sendable {
    public var kind: String
    public var forward: Double
    public var backward: Double
  }

  /// The largest number of a step's gradients, without its sign (NaN where one is), and whose gradient it is in.
  public struct LargestGradient: Sendable, Equatable {
    public var parameter: String
    public var size: Float
  }

  /// `[batch, channels, height, width]`.
  public let inputShape: Shape
  public let classes: Int
  /// Steps taken so far by ``step(images:labels:optimizer:rate:momentum:)``.
  public private(set) var stepCount = 0
  /// Of everything that lives within a step: activations, their gradients, scratch.
  public var activationBytes: Int { plan.arena.count * MemoryLayout<Float>.stride }

  /// Of the last whole step; nil before the first.
  public private(set) var largestGradient: LargestGradient?

  let plan: TrainingPlan
  /// For batches of any size, without what is trained.
  private var source: Graph
  private let team: ThreadTeam
  private let kernels: train_kernels
  private let seed: UInt64
  private let weights: Block
  private(set) var moments: [Block] = []
  /// Steps the moments have seen.
  private(set) var momentSteps = 0
  /// nil: nobody else trains the network.
  private let exchange: GradientExchange?
  private var times: [String: (forward: Double, backward: Double)] = [:]
  private var updateTime = 0.0
  private var sumTime = 0.0

  /// Memory of the network's own beyond the arena.
  final class Block {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(_ count: Int) throws(GraphError) {
      guard let memory = platform_allocate(max(count, 16) * MemoryLayout<Float>.stride) else {
        throw GraphError(.tooLarge, "no memory for \(count >> 18) MiB of weights")
      }
      base = memory.bindMemory(to: Float.self, capacity: max(count, 16))
      base.update(repeating: 0, count: max(count, 16))
      self.count = count
    }

    deinit { platform_free(base) }
  }

  /// Plans the training of `graph` for batches of up to `inputShape[0]` pictures.
  ///
  /// - Parameters:
  ///   - freezing: what does not learn.
  ///   - precision: of the convolutions' products in training.
  ///   - seed: of dropout's masks.
  ///   - ranks: those that train the same network, each with its part of every batch, this one's up to `inputShape[0]`
  ///     pictures. A step is then one of all of them or of none: weights, moments and running statistics change when all
  ///     gradients are there.
  ///   - recomputed: activations of so many floats or more are made again in the backward pass where that is cheap
  ///     (``Recomputation``), not kept; nothing else changes by it.
  /// - Throws: E201 naming the node where the graph holds an operator without a gradient; E204… where shapes do not fit;
  ///   E212 when memory runs out; E213 where the processor has no instructions for `precision`.
  public init(
    _ graph: Graph, inputShape: Shape, threads: Int, freezing: Freezing = .none, precision: Precision = .float32,
    seed: UInt64 = 0, ranks: (any Ranks)? = nil, recomputed: Int = Recomputation.leastCount
  ) throws(GraphError) {
    guard inputShape.rank >= 2, inputShape[0] >= 1 else {
      throw GraphError(.badInput, "a batch of shape \(inputShape) cannot be trained on")
    }
    guard let team = ThreadTeam(threads: max(threads, 1)) else {
      throw GraphError(.tooLarge, "the system gives no \(threads) threads")
    }
    guard blas_prepare() != 0 else {
      throw GraphError(.tooLarge, "no memory for OpenBLAS, which takes 128 MiB to work in")
    }
    guard let kernels = train_kernels_for_cpu()?.pointee else {
      throw GraphError(.tooLarge, "no training loops for this processor")
    }
    var bfloat16: train_bf16_kernels?
    if precision == .bfloat16 {
      bfloat16 = train_bf16_kernels_for_cpu(train_kernels_for_cpu())?.pointee
      guard bfloat16 != nil else {
        throw GraphError(.badInput, "this processor cannot multiply bfloat16 (AVX512-BF16, or BF16 of Armv8.6)")
      }
    }
    var graph = graph
    graph.forgetTrainingMode()
    try graph.foldConstants()
    // What hangs on the batch stays in the graph that is saved.
    source = graph
    try graph.foldShapes([inputShape])
    // A batch at the end of an epoch may be smaller: a shape that was computed holds on to none.
    try graph.freeBatch(inputShape[0], inputShape: inputShape)
    self.team = team
    self.kernels = kernels
    self.seed = seed
    self.inputShape = inputShape
    plan = try TrainingPlan(
      graph, inputShape: inputShape, freezing: freezing, threads: team.threads, kernels: kernels,
      bfloat16: bfloat16, recomputed: recomputed)
    classes = plan.output.shape[1]
    weights = try Block(plan.weightCount)
    if let ranks {
      let completed = zip(plan.steps, plan.updates).reversed().filter { $0.0.output.learns }.flatMap { $0.1 }
      exchange = try GradientExchange(ranks, completed)
    } else {
      exchange = nil
    }
    for parameter in plan.parameters {
      guard let constant = graph.values[parameter.value].constant else { continue }
      write(constant, to: parameter, in: weights)
      // The packed copy is the parameter from now on.
      source.values[parameter.value].constant = nil
    }
    // A weight that a node made of shapes is a constant from now on.
    let trained = Set(plan.parameters.map { $0.value } + statistics.map { $0.value })
    source.nodes.removeAll { $0.outputs.contains { $0.map(trained.contains) ?? false } }
  }

  // MARK: Training

  /// One forward pass, backward pass and update. Returns the mean cross-entropy loss before the update.
  ///
  /// - Parameters:
  ///   - images: `[n, channels, height, width]` float32, n at most the planned batch.
  ///   - labels: n class indices.
  ///   - rate, momentum: this step's, from a schedule. Momentum is Adam's β1.
  /// - Throws: E213 for images or labels that do not fit or a rank that is lost, E214 when the loss is not a number (nothing
  ///   is updated then).
  public func step(
    images: Tensor, labels: [Int32], optimizer: Optimizer, rate: Float, momentum: Float
  ) throws(GraphError) -> Float {
    let rates = [Float](repeating: rate, count: LayerGroups.count)
    return try step(images: images, targets: Targets(labels), optimizer: optimizer, rates: rates, momentum: momentum)
  }

  /// The same with a rate for each of the ``LayerGroups``, and all that targets can be.
  public func step(
    images: Tensor, targets: Targets, optimizer: Optimizer, rates: [Float], momentum: Float
  ) throws(GraphError) -> Float {
    guard rates.count == LayerGroups.count else {
      throw GraphError(.badInput, "\(rates.count) rates for \(LayerGroups.count) groups of layers")
    }
    while moments.count < optimizer.momentCount { moments.append(try Block(plan.learningCount)) }
    var largest: LargestGradient?
    let updates = rates.map { optimizer.update(step: momentSteps + 1, rate: $0, momentum: momentum) }
    let loss = try forwardAndBackward(images, targets) { [self] parameter, gradient in
      let start = platform_seconds()
      let size = update(parameter, gradient, updates[parameter.group])
      // As bits NaN is larger than any number.
      if size.bitPattern > largest?.size.bitPattern ?? 0 {
        largest = LargestGradient(parameter: parameter.name, size: size)
      }
      updateTime += platform_seconds() - start
    }
    largestGradient = largest
    momentSteps += 1
    stepCount += 1
    return loss
  }

  /// Changes a parameter's weights and moments. Returns its largest gradient.
  private func update(
    _ parameter: Parameter, _ gradient: UnsafeMutablePointer<Float>, _ update: ParameterUpdate
  ) -> Float {
    let weights = weights.base + parameter.offset
    let moments = moments.map { $0.base + parameter.offset }
    let (count, decays, kernels) = (parameter.count, parameter.decays, kernels)
    // So much at a time that a gradient, once looked at, is still near when it is used.
    let most = 4096
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: team.threads) { largest in
      largest.initialize(repeating: 0)
      let sizes = largest.baseAddress
      team.run { thread, threads in
        let range = ThreadTeam.range(of: count, thread, threads)
        for first in stride(from: range.lowerBound, to: range.upperBound, by: most) {
          let count = min(most, range.upperBound - first)
          let size = kernels.largest(gradient + first, count).bitPattern
          if let sizes { sizes[Int(thread)] = max(sizes[Int(thread)], size) }
          update.apply(
            weights: weights + first, gradient: gradient + first, moments: moments.map { $0 + first }, count: count,
            decays: decays, kernels: kernels)
        }
      }
      return Float(bitPattern: largest.max() ?? 0)
    }
  }

  /// Loss and the gradient by every parameter that learns, named and shaped as in the graph; nothing is updated but the running
  /// statistics.
  public func gradients(
    images: Tensor, labels: [Int32]
  ) throws(GraphError) -> (loss: Float, gradients: [(name: String, gradient: Tensor)]) {
    var copies: [Block] = []
    let parameters = plan.parameters.filter { $0.learns }
    for parameter in parameters { copies.append(try Block(parameter.count)) }
    let loss = try forwardAndBackward(images, Targets(labels)) { parameter, gradient in
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
    _ images: Tensor, _ targets: Targets, _ update: (Parameter, UnsafeMutablePointer<Float>) -> Void
  ) throws(GraphError) -> Float {
    var pass = try begin(images, isTraining: true)
    let labels = targets.labels
    guard labels.count == pass.images, targets.partners.count == targets.shares.count,
      targets.partners.isEmpty || targets.partners.count == labels.count,
      targets.classWeights.isEmpty || targets.classWeights.count == classes
    else { throw GraphError(.badInput, "\(labels.count) labels for \(pass.images) pictures") }
    if let wrong = (labels + targets.partners).first(where: { $0 < 0 || Int($0) >= classes }) {
      throw GraphError(.badInput, "label \(wrong) where the network has \(classes) classes")
    }
    var weight = CrossEntropy.weight(targets, classes: classes)
    if let exchange {
      let share = BatchShare(exchange.ranks, images: pass.images, weight: weight)
      weight = share.weight
      pass.share = share
      exchange.begin()
      for statistic in statistics { statistic.pending = nil }
    }
    weight = max(weight, 1e-12)
    try forward(pass)
    var total = [
      CrossEntropy.total(
        pass.activation(plan.output), targets, classes: classes, weight: weight, gradient: pass.gradient(plan.output))
    ]
    exchange?.ranks.sum(&total)
    try checkRanks()
    let loss = Float(total[0] / weight)
    guard loss.isFinite else {
      throw GraphError(.notFinite, "the loss is not a number in step \(stepCount + 1); take a lower rate")
    }
    for (step, complete) in zip(plan.steps, plan.updates).reversed() where step.output.learns {
      let start = platform_seconds()
      try step.backward(pass)
      times[step.kind, default: (0, 0)].backward += platform_seconds() - start
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
      sumTime += platform_seconds() - start
      try checkRanks()
      // From here on nothing can fail: the step is done on this rank.
      for statistic in statistics { statistic.numbers = statistic.pending ?? statistic.numbers }
      exchange.forEach { update($0, $1) }
    }
    return loss
  }

  /// Throws once another rank is lost: no step can come to its end then.
  private func checkRanks() throws(GraphError) {
    guard exchange?.ranks.isBroken ?? false else { return }
    throw GraphError(.badInput, "another process that trains the network is lost")
  }

  /// The logits `[n, classes]` in evaluation mode: running statistics, no dropout. Any number of pictures.
  public func logits(_ images: Tensor) throws(GraphError) -> Tensor {
    guard images.type == .float32, images.shape.rank == inputShape.rank else {
      throw GraphError(.badInput, "pictures of shape \(images.shape), must be \(inputShape)")
    }
    let total = images.shape[0]
    var result = try Tensor(zeros: [total, classes])
    let size = images.shape.extents[1...].reduce(1, *)
    var first = 0
    while first < total {
      let count = min(total - first, inputShape[0])
      var part = images
      if count < total {
        part = try Tensor(zeros: Shape([count] + Array(images.shape.extents[1...])))
        images.withElements(Float.self) { all in
          part.withMutableElements(Float.self) { part in
            for index in 0..<count * size { part[index] = all[first * size + index] }
          }
        }
      }
      let pass = try begin(part, isTraining: false)
      try forward(pass)
      let logits = pass.activation(plan.output)
      result.withMutableElements(Float.self) { result in
        for index in 0..<count * classes { result[first * classes + index] = logits[index] }
      }
      first += count
    }
    return result
  }

  func begin(_ images: Tensor, isTraining: Bool) throws(GraphError) -> Pass {
    guard images.type == .float32, images.shape.rank == inputShape.rank,
      images.shape.extents[1...] == inputShape.extents[1...], images.shape[0] >= 1, images.shape[0] <= inputShape[0]
    else {
      throw GraphError(
        .badInput, "a batch of \(images.type.name) \(images.shape), must be float32 and fit \(inputShape)")
    }
    let pass = Pass(
      images: images.shape[0], isTraining: isTraining, key: (seed &+ UInt64(stepCount)) &* 0xD6E8_FEB8_6659_FD93,
      arena: plan.arena, weights: weights.base, team: team, kernels: kernels)
    let input = plan.input
    images.withElements(Float.self) { elements in
      guard let base = elements.baseAddress else { return }
      let target = pass.activation(input)
      if input.isChannelsLast {
        let (count, channels, pixels) = (Int32(pass.images), Int32(input.channels), Int32(input.pixels))
        team.run { thread, threads in
          kernels.to_channels_last(base, target, count, channels, pixels, thread, threads)
        }
      } else {
        target.update(from: base, count: elements.count)
      }
    }
    return pass
  }

  private func forward(_ pass: Pass) throws(GraphError) {
    for step in plan.steps {
      let start = platform_seconds()
      try step.forward(pass)
      times[step.kind, default: (0, 0)].forward += platform_seconds() - start
      if exchange != nil { try checkRanks() }
    }
  }

  // MARK: What came of it

  /// The graph with its present parameters and running statistics as constants.
  public func graph() throws(GraphError) -> Graph {
    var graph = source
    for parameter in plan.parameters {
      graph.values[parameter.value].constant = try parameter.tensor(weights.base + parameter.offset)
    }
    for statistic in statistics {
      graph.values[statistic.value].constant = try Tensor([statistic.numbers.count], statistic.numbers)
    }
    return graph
  }

  /// The instruction set of the training loops, `avx2`.
  public var instructionSet: String { String(cString: kernels.name) }

  /// Bytes of activations, gradients and scratch; of weights and moments.
  public var memory: (activations: Int, weights: Int) {
    (plan.arena.count * 4, (plan.weightCount + plan.learningCount * moments.count) * 4)
  }

  /// Time by kind of step, the longest first.
  public var profile: [ProfileLine] {
    var lines = times.map { ProfileLine(kind: $0.key, forward: $0.value.forward, backward: $0.value.backward) }
    lines.append(ProfileLine(kind: "update", forward: 0, backward: updateTime))
    if exchange != nil {
      lines.append(ProfileLine(kind: "waiting for other ranks' gradients", forward: 0, backward: sumTime))
    }
    return lines.sorted { ($1.forward + $1.backward, $0.kind) < ($0.forward + $0.backward, $1.kind) }
  }

  public func resetProfile() {
    times = [:]
    updateTime = 0
    sumTime = 0
  }

  // MARK: State

  /// Tells whether two networks with the same graph are the same: of weights, moments and running statistics.
  public var fingerprint: UInt64 {
    // FNV-1a over words.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bits: UInt32) { hash = (hash ^ UInt64(bits)) &* 0x100_0000_01B3 }
    for block in [weights] + moments {
      for number in UnsafeBufferPointer(start: block.base, count: block.count) { add(number.bitPattern) }
    }
    for statistic in statistics { for number in statistic.numbers { add(number.bitPattern) } }
    return hash
  }

  var statistics: [RunningStatistic] { plan.steps.flatMap { $0.statistics } }

  /// Everything that training changes, for a checkpoint, and `notes` of the caller's own; see ``Checkpoint`` for the
  /// format. `sink` gets it in pieces.
  public func writeState(
    notes: [UInt8] = [], to sink: @escaping (UnsafeRawBufferPointer) -> Void
  ) throws(GraphError) {
    let writer = Checkpoint.Writer(sink, notes: notes)
    writer.put(UInt64(stepCount))
    writer.put(UInt64(momentSteps))
    writer.put(UInt32(moments.count))
    writer.put(UInt32(plan.parameters.count))
    for parameter in plan.parameters {
      let blocks = parameter.learns ? [weights] + moments : [weights]
      writer.put(parameter.name, parameter.shape)
      writer.put(UInt32(blocks.count))
      for block in blocks { writer.put(try parameter.tensor(block.base + parameter.offset)) }
    }
    let statistics = statistics
    writer.put(UInt32(statistics.count))
    for statistic in statistics {
      writer.put(statistic.name, [statistic.numbers.count])
      writer.put(try Tensor([statistic.numbers.count], statistic.numbers))
    }
    writer.finish()
  }

  /// ``writeState(notes:to:)`` in one piece.
  public func state(notes: [UInt8] = []) throws(GraphError) -> [UInt8] {
    let bytes = Bytes()
    try writeState(notes: notes) { bytes.all.append(contentsOf: $0) }
    return bytes.all
  }

  private final class Bytes {
    var all: [UInt8] = []
  }

  /// The caller's notes in a state.
  public static func notes(in state: [UInt8]) throws(GraphError) -> [UInt8] { try Checkpoint.notes(state) }

  /// Takes up a state made by ``state()`` of a network with the same graph.
  ///
  /// - Throws: E104 for bytes that are no state or cut short, E204 where names or shapes differ; nothing is changed then.
  public func restore(_ bytes: [UInt8]) throws(GraphError) {
    let checkpoint = try Checkpoint(bytes)
    let statistics = statistics
    guard checkpoint.parameters.count == plan.parameters.count, checkpoint.statistics.count == statistics.count else {
      throw GraphError(
        .shapeMismatch,
        "the checkpoint has \(checkpoint.parameters.count) parameters and \(checkpoint.statistics.count) running "
          + "statistics, the network \(plan.parameters.count) and \(statistics.count): it is of another network")
    }
    for (parameter, saved) in zip(plan.parameters, checkpoint.parameters) {
      let count = parameter.learns ? 1 + checkpoint.momentCount : 1
      guard saved.name == parameter.name, saved.tensors.count == count,
        saved.tensors.allSatisfy({ $0.shape == parameter.shape })
      else {
        throw GraphError(
          .shapeMismatch,
          "the checkpoint's '\(saved.name)' \(saved.tensors.first?.shape ?? []) does not fit the network's "
            + "'\(parameter.name)' \(parameter.shape): it is of another network")
      }
    }
    for (statistic, saved) in zip(statistics, checkpoint.statistics) {
      guard saved.name == statistic.name, saved.tensor.count == statistic.numbers.count else {
        throw GraphError(.shapeMismatch, "the checkpoint's '\(saved.name)' does not fit '\(statistic.name)'")
      }
    }
    var blocks: [Block] = []
    for _ in 0..<checkpoint.momentCount { blocks.append(try Block(plan.learningCount)) }
    for (parameter, saved) in zip(plan.parameters, checkpoint.parameters) {
      for (block, tensor) in zip([weights] + blocks, saved.tensors) { write(tensor, to: parameter, in: block) }
    }
    for (statistic, saved) in zip(statistics, checkpoint.statistics) { statistic.numbers = saved.tensor.array() }
    moments = blocks
    momentSteps = checkpoint.momentSteps
    stepCount = checkpoint.stepCount
  }

  private func write(_ tensor: Tensor, to parameter: Parameter, in block: Block) {
    tensor.withElements(Float.self) { elements in
      if let base = elements.baseAddress { parameter.pack(base, into: block.base + parameter.offset) }
    }
  }
}
