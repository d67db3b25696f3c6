import ModelGraph

/// A network's state: all that training changes. See ``Checkpoint`` for the format.
extension TrainingNetwork {
  /// Writes the state in pieces to `sink`, together with `notes` of the caller's own.
  public func writeState(notes: [UInt8] = [], to sink: @escaping (UnsafeRawBufferPointer) -> Void) throws {
    let writer = Checkpoint.Writer(sink, notes: notes)
    writer.put(UInt64(stepCount))
    writer.put(UInt64(store.momentSteps))
    writer.put(UInt32(store.moments.count))
    writer.put(UInt32(plan.parameters.count))
    for parameter in plan.parameters {
      let tensors = try store.tensors(parameter)
      writer.put(parameter.name, parameter.shape)
      writer.put(UInt32(tensors.count))
      for tensor in tensors { writer.put(tensor) }
    }
    let statistics = statistics
    writer.put(UInt32(statistics.count))
    for statistic in statistics {
      writer.put(statistic.name, [statistic.numbers.count])
      writer.put(try Tensor([statistic.numbers.count], statistic.numbers))
    }
    writer.finish()
  }

  /// The state in one piece.
  public func state(notes: [UInt8] = []) throws -> [UInt8] {
    let bytes = Bytes()
    try writeState(notes: notes) { bytes.all.append(contentsOf: $0) }
    return bytes.all
  }

  private final class Bytes {
    var all: [UInt8] = []
  }

  /// The caller's notes in a state.
  public static func notes(in state: [UInt8]) throws -> [UInt8] { try Checkpoint.notes(state) }

  /// Takes over a state that a network with the same graph wrote.
  ///
  /// - Parameter optimizer: the optimiser that goes on, whose moments the state must have.
  /// - Throws: ``CheckpointError`` if the bytes are damaged or of another network. The network is unchanged then.
  public func restore(_ bytes: [UInt8], for optimizer: Optimizer? = nil) throws {
    let checkpoint = try Checkpoint(bytes)
    try check(checkpoint)
    if let count = optimizer?.momentCount, checkpoint.momentSteps > 0, checkpoint.momentCount != count {
      throw CheckpointError.moments(saved: checkpoint.momentCount, ofOptimizer: count)
    }
    try store.replace(
      checkpoint.parameters.map { $0.tensors }, momentCount: checkpoint.momentCount,
      momentSteps: checkpoint.momentSteps)
    for (statistic, saved) in zip(statistics, checkpoint.statistics) { statistic.numbers = saved.tensor.array() }
    stepCount = checkpoint.stepCount
  }

  private func check(_ checkpoint: Checkpoint) throws(CheckpointError) {
    let statistics = statistics
    guard checkpoint.parameters.count == plan.parameters.count, checkpoint.statistics.count == statistics.count else {
      throw .counts(
        parameters: checkpoint.parameters.count, statistics: checkpoint.statistics.count,
        ofNetwork: plan.parameters.count, statistics.count)
    }
    for (parameter, saved) in zip(plan.parameters, checkpoint.parameters) {
      let count = parameter.learns ? 1 + checkpoint.momentCount : 1
      guard saved.name == parameter.name, saved.tensors.count == count,
        saved.tensors.allSatisfy({ $0.shape == parameter.shape })
      else {
        throw .parameter(
          saved: saved.name, saved.tensors.first?.shape ?? [], network: parameter.name, parameter.shape)
      }
    }
    for (statistic, saved) in zip(statistics, checkpoint.statistics) {
      guard saved.name == statistic.name, saved.tensor.count == statistic.numbers.count else {
        throw .statistic(saved: saved.name, network: statistic.name)
      }
    }
  }

  /// Hash of weights, moments and running statistics: equal for two networks in the same state.
  public var fingerprint: UInt64 {
    // FNV-1a over words.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bits: UInt32) { hash = (hash ^ UInt64(bits)) &* 0x100_0000_01B3 }
    for block in [store.weights] + store.moments {
      for number in UnsafeBufferPointer(start: block.base, count: block.count) { add(number.bitPattern) }
    }
    for statistic in statistics { for number in statistic.numbers { add(number.bitPattern) } }
    return hash
  }
}
