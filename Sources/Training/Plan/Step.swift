import ModelGraph

/// A unit of the training plan: one node of the graph, or several that are executed together, forward and backward.
///
/// A subclass states what it reads again in the backward pass and how much memory it needs; the planner lays that memory
/// out. A step with bf16 kernels also conforms to ``Bfloat16Step``.
class Step {
  /// How a step writes the gradient of an operand.
  enum Mode {
    /// Not at all: no parameter lies upstream.
    case unwanted
    /// It contributes first and overwrites the memory.
    case write
    /// It contributes later and adds.
    case accumulate
    /// The gradient shares the memory of the output's gradient (see ``passesThrough``) and is computed in place.
    case inPlace
  }

  /// `node 'conv1' (Conv)`, for messages.
  let place: String
  /// Its line in the profile.
  let kind: String
  let operands: [Operand?]
  let output: Slot
  /// How the gradient of each operand is written; set by the planner.
  var modes: [Mode]
  /// Memory of this step alone: kept from its forward to its backward pass.
  private(set) lazy var saved: Region? = savedCount > 0 ? Region(savedCount) : nil
  /// Memory of this step alone within one pass. Two regions, so that neither is reserved between the passes.
  private(set) lazy var forwardScratch: Region? = scratchCount > 0 ? Region(scratchCount) : nil
  private(set) lazy var backwardScratch: Region? = backwardScratchCount > 0 ? Region(backwardScratchCount) : nil

  init(place: String, kind: String, operands: [Operand?], output: Slot) {
    self.place = place
    self.kind = kind
    self.operands = operands
    self.output = output
    modes = [Mode](repeating: .unwanted, count: operands.count)
  }

  // MARK: What the planner asks

  /// Slots whose activations the backward pass reads; they are kept until then.
  var readsBackward: [Slot] { operands.compactMap { $0?.slot } + [output] }
  /// Floats of ``saved``.
  var savedCount: Int { 0 }
  /// Floats of scratch in the forward pass, and in the backward pass.
  var scratchCount: Int { 0 }
  var backwardScratchCount: Int { scratchCount }
  /// The operand whose gradient may share the memory of the output's gradient, because the step computes it in place or
  /// passes it on unchanged.
  var passesThrough: Int? { nil }
  /// Whether the output shares the memory of operand 0: a reshape that moves nothing.
  var isView: Bool { false }

  // MARK: Execution

  func forward(_ pass: Pass) throws { preconditionFailure("\(kind) has no forward pass") }

  /// Reads the output's gradient and writes the gradients of the operands, each by its mode.
  func backward(_ pass: Pass) throws { preconditionFailure("\(kind) has no backward pass") }

  /// Running statistics that this step updates.
  var statistics: [RunningStatistic] { [] }

  // MARK: Help for subclasses

  final func input(_ index: Int = 0) -> Slot {
    guard let slot = operands[index]?.slot else { preconditionFailure("\(place): operand \(index) is no activation") }
    return slot
  }

  final func parameter(_ index: Int) -> Parameter? {
    index < operands.count ? operands[index]?.parameter : nil
  }

  final func savedMemory(_ pass: Pass) -> UnsafeMutablePointer<Float> {
    guard let saved else { preconditionFailure("\(place) has no memory of its own") }
    return pass.arena[saved]
  }

  final func scratchMemory(_ pass: Pass, backward: Bool) -> UnsafeMutablePointer<Float> {
    guard let scratch = backward ? backwardScratch : forwardScratch else {
      preconditionFailure("\(place) has no scratch")
    }
    return pass.arena[scratch]
  }
}

extension [Step] {
  /// For each slot, the steps that read it in the order of the plan, and as which operand.
  var readers: [ObjectIdentifier: [(step: Step, operand: Int)]] {
    var readers: [ObjectIdentifier: [(step: Step, operand: Int)]] = [:]
    for step in self {
      for (index, operand) in step.operands.enumerated() {
        if let slot = operand?.slot { readers[ObjectIdentifier(slot), default: []].append((step, index)) }
      }
    }
    return readers
  }
}
