import TrainingKernels

/// What steps need to know in a forward or backward pass: the batch, the mode, and where values lie.
struct Pass {
  /// Pictures in this batch, at most the planned batch.
  var images: Int
  /// true: batch statistics and dropout. false: running statistics, no dropout.
  var isTraining: Bool
  /// Seed of the dropout masks: the same in both passes of a step, different for every step.
  var key: UInt64
  let arena: StepMemory
  let weights: UnsafeMutablePointer<Float>
  let team: ThreadTeam
  let kernels: train_kernels
  /// The part of the batch that this rank has; nil if it has all of it.
  var share: BatchShare?

  func activation(_ slot: Slot) -> UnsafeMutablePointer<Float> { arena[slot.activation] }
  func weights(_ parameter: Parameter) -> UnsafeMutablePointer<Float> { weights + parameter.offset }
  func gradient(_ parameter: Parameter) -> UnsafeMutablePointer<Float> { arena[parameter.gradient] }

  func gradient(_ slot: Slot) -> UnsafeMutablePointer<Float> {
    guard let region = slot.gradient else { preconditionFailure("\(slot.name) has no gradient") }
    return arena[region]
  }

  /// A gradient of either type, float or bf16: see ``Slot/gradientIsNarrow``.
  func rawGradient(_ slot: Slot) -> UnsafeMutableRawPointer { UnsafeMutableRawPointer(gradient(slot)) }

  /// The bf16 copy of an activation, if the plan has one.
  func narrow(_ slot: Slot) -> UnsafeMutablePointer<UInt16>? {
    slot.narrow.map { UnsafeMutableRawPointer(arena[$0]).assumingMemoryBound(to: UInt16.self) }
  }
}

extension Pass {
  /// Passes the output's gradient on to an operand unchanged.
  func passOn(_ dy: UnsafeMutablePointer<Float>, to slot: Slot, _ mode: Step.Mode) {
    guard mode == .write || mode == .accumulate else { return }
    let dx = gradient(slot)
    team.runRanges(slot.count(images: images)) { first, count in
      kernels.scale(dy + first, dx + first, 1, mode == .accumulate ? 1 : 0, count)
    }
  }
}
