import Kernels
import ModelGraph
import TrainingKernels

/// What a node reads.
enum Operand {
  case slot(Slot)
  case parameter(Parameter)
  case constant(Tensor)

  var slot: Slot? {
    if case .slot(let slot) = self { slot } else { nil }
  }

  var parameter: Parameter? {
    if case .parameter(let parameter) = self { parameter } else { nil }
  }

  var constant: Tensor? {
    if case .constant(let tensor) = self { tensor } else { nil }
  }
}

/// One forward or backward pass: how many pictures, in which mode, and where everything is.
struct Pass {
  /// Pictures in this batch, at most the planned batch.
  var images: Int
  /// Batch statistics and dropout, as opposed to running statistics and none.
  var isTraining: Bool
  /// Seeds dropout: the same for the forward and the backward pass of one step, another for each step.
  var key: UInt64
  let arena: Arena
  let weights: UnsafeMutablePointer<Float>
  let team: ThreadTeam
  let kernels: train_kernels
  /// nil: the batch is all here.
  var share: BatchShare?

  func activation(_ slot: Slot) -> UnsafeMutablePointer<Float> { arena[slot.activation] }
  func weights(_ parameter: Parameter) -> UnsafeMutablePointer<Float> { weights + parameter.offset }
  func gradient(_ parameter: Parameter) -> UnsafeMutablePointer<Float> { arena[parameter.gradient] }

  func gradient(_ slot: Slot) -> UnsafeMutablePointer<Float> {
    guard let region = slot.gradient else { preconditionFailure("\(slot.name) has no gradient") }
    return arena[region]
  }

  /// A gradient as its slot has it, float or bfloat16.
  func rawGradient(_ slot: Slot) -> UnsafeMutableRawPointer { UnsafeMutableRawPointer(gradient(slot)) }

  /// The copy in bfloat16, if there is one.
  func narrow(_ slot: Slot) -> UnsafeMutablePointer<UInt16>? {
    slot.narrow.map { UnsafeMutableRawPointer(arena[$0]).assumingMemoryBound(to: UInt16.self) }
  }
}

/// One or several nodes that are executed together, forward and backward.
class Step {
  /// What a gradient does to the memory it goes to.
  enum Mode {
    /// Nobody asks for it.
    case unwanted
    /// The first contribution.
    case write
    /// A later one.
    case accumulate
    /// The memory is the output's gradient itself (see ``passesThrough``): already there, or worked on in place.
    case inPlace
  }

  /// When a step can write an operand's gradient in bfloat16.
  enum NarrowGiving {
    case never
    /// Where no other step has a part in it.
    case alone
    /// Where the others come later.
    case first
    case always
  }

  /// `node 'conv1' (Conv)`, for messages.
  let place: String
  /// Row of the profile.
  let kind: String
  let operands: [Operand?]
  let output: Slot
  /// What becomes of the gradient of each operand; the planner fills it in.
  var modes: [Mode]
  /// Memory for this step alone, from its forward to its backward pass, and within each of the two.
  private(set) lazy var saved: Region? = savedCount > 0 ? Region(savedCount) : nil
  /// Two, so that neither is kept from the one to the other.
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

  /// Slots whose activations the backward pass reads.
  var readsBackward: [Slot] { operands.compactMap { $0?.slot } + [output] }
  var savedCount: Int { 0 }
  /// Of the forward pass, and of the backward pass where that needs another.
  var scratchCount: Int { 0 }
  var backwardScratchCount: Int { scratchCount }
  /// Index of the operand whose gradient may lie in the memory of the output's gradient, because the step computes it
  /// in place or passes it on unchanged.
  var passesThrough: Int? { nil }
  /// Whether the output is the operand's memory itself (a reshape that moves nothing).
  var isView: Bool { false }

  // MARK: What is asked where convolutions multiply bfloat16, see NarrowCopies

  /// Whether it reads operand 0 in bfloat16, and whether, in training, as it is.
  var readsNarrow: Bool { false }
  var readsFloat: Bool { true }
  /// Whether the backward pass reads the output in bfloat16.
  var readsOutputNarrow: Bool { false }
  /// Operands besides 0 that it reads in bfloat16 where nobody reads them as they are.
  func readsNarrowIfAlone(_ index: Int) -> Bool { false }
  /// Whether it can write its output in bfloat16, too or instead.
  var narrows: Bool { false }
  /// Whether the backward pass can read the output's gradient in bfloat16, and write that of an operand: alone, or first
  /// of several, or added to what others wrote.
  var takesNarrowGradient: Bool { false }
  func givesNarrowGradient(_ index: Int) -> NarrowGiving { .never }

  // MARK: Execution

  func forward(_ pass: Pass) throws(GraphError) { preconditionFailure("\(kind) has no forward pass") }

  /// Reads the output's gradient and writes the operands', as ``modes`` says.
  func backward(_ pass: Pass) throws(GraphError) { preconditionFailure("\(kind) has no backward pass") }

  /// State besides parameters that checkpoints and graphs hold: running statistics, by value.
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

/// A running mean or variance.
final class RunningStatistic {
  let name: String
  let value: Graph.ValueID
  var numbers: [Float]
  /// What a step with other ranks makes of them, until it is known to have come to its end on all of them.
  var pending: [Float]?

  init(name: String, value: Graph.ValueID, numbers: [Float]) {
    self.name = name
    self.value = value
    self.numbers = numbers
  }
}

extension [Step] {
  /// By slot, the steps that read it, in their order, and as which operand.
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
