import ModelGraph

/// One kernel's whole story in one file: which nodes it fits, what it needs, how its weights are packed and how it is
/// called.
///
/// Nothing here has a default, so that a step that forgets to state a size does not compile. A static
/// `plan(_: Candidate, _: Planner)` beside these says whether the step fits a node, and adds it to the plan if it
/// does; the planner asks them in an order of its own.
///
/// Packing happens once for a plan. Afterwards a step never changes: engines that share the plan bind it to their own
/// memory, possibly at the same time.
protocol Step: AnyObject {
  /// The kernel's name in profiles: `f32_igemm_6x16_avx2`, …
  var kernel: String { get }

  var needs: StepNeeds { get }

  /// Packs the step's weights for its kernel.
  func pack(_ packer: Packer) throws(GraphError)

  /// Adds the step's call, with the addresses that it has in one engine.
  func bind(_ binder: Binder)
}

/// The memory and the constants that a step needs.
struct StepNeeds {
  /// Bytes of packed weights.
  let packedBytes: Int
  /// Bytes of scratch for each thread.
  let scratchBytes: Int
  /// Bytes of zeros, which a kernel reads in place of pixels outside the picture.
  let zeroBytes: Int
  /// The large constants that packing reads. Those that are still in their file are read into memory that all steps share,
  /// one after the other.
  let weights: [Graph.ValueID]
  /// The other constants that packing reads.
  let others: [Graph.ValueID]
  /// Bytes that the step allocates while it runs.
  private(set) var runBytes = 0

  init(packedBytes: Int, scratchBytes: Int, zeroBytes: Int, weights: [Graph.ValueID], others: [Graph.ValueID?]) {
    self.packedBytes = packedBytes
    self.scratchBytes = scratchBytes
    self.zeroBytes = zeroBytes
    self.weights = weights
    self.others = others.compactMap { $0 }
  }

  init(packedBytes: Int, scratchBytes: Int, zeroBytes: Int, weights: Graph.ValueID?, others: [Graph.ValueID?]) {
    self.init(
      packedBytes: packedBytes, scratchBytes: scratchBytes, zeroBytes: zeroBytes, weights: weights.map { [$0] } ?? [],
      others: others)
  }

  /// For a step that works on its operands alone.
  static var operandsOnly: StepNeeds {
    StepNeeds(packedBytes: 0, scratchBytes: 0, zeroBytes: 0, weights: nil, others: [])
  }

  /// The same, for one that allocates `runBytes` while it runs.
  static func operands(andRunBytes runBytes: Int) -> StepNeeds {
    var needs = operandsOnly
    needs.runBytes = runBytes
    return needs
  }

  /// All constants that packing reads.
  var constants: [Graph.ValueID] { weights + others }
}

/// A step in its place in a plan.
struct PlannedStep {
  /// The name of the node that it computes.
  let name: String
  let step: any Step
  /// In the order of the kernel's own parameters.
  let reads: [Operand]
  /// Buffers; nil for an output without readers.
  let writes: [Int?]
  let multiplyAdds: Int

  /// The same step, where what was in buffer `old` is in `new`.
  func moving(_ old: Int, to new: Int) -> PlannedStep {
    func moved(_ read: Operand) -> Operand { if case .buffer(old) = read { .buffer(new) } else { read } }
    return PlannedStep(
      name: name, step: step, reads: reads.map(moved), writes: writes.map { $0 == old ? new : $0 },
      multiplyAdds: multiplyAdds)
  }
}

/// Where a step finds an operand.
enum Operand {
  case buffer(Int)
  /// A graph input, read where the caller has it.
  case input(Int)
  /// The constant of a value, in its file's order.
  case constant(Graph.ValueID)
  /// An optional operand left out.
  case none
}
