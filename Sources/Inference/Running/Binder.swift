import Kernels
import ModelGraph
import Platform

/// Gives the steps of a plan their addresses in the memory of one engine.
///
/// It knows buffers, scratch, zeros and constants; which of them a kernel wants where is written in the kernel's step.
final class Binder {
  private(set) var calls: [StepCall] = []
  private(set) var patches: [InputPatch] = []
  private(set) var outputPatches: [OutputPatch] = []
  let contexts = KernelContexts()
  /// Scratch of all threads, one behind the other, `scratchBytes` each.
  let scratch: UnsafeMutableRawPointer
  let scratchBytes: Int
  /// As many zeros as any step needs.
  let zeros: UnsafePointer<Float>

  private let plan: Plan
  private let memory: MemoryBlock
  /// Operands of the step that is being bound.
  private var reads: [Operand] = []
  private var writes: [Int?] = []

  /// - Parameter memory: as large as ``MemoryPlan/byteCount(threads:)`` says.
  init(_ plan: Plan, _ memory: MemoryBlock, threads: Int) {
    self.plan = plan
    self.memory = memory
    scratch = memory.base + plan.memory.scratchOffset
    scratchBytes = plan.memory.scratchBytes
    let start = scratch + scratchBytes * threads
    start.initializeMemory(as: UInt8.self, repeating: 0, count: plan.memory.zeroBytes)
    zeros = UnsafePointer(start.assumingMemoryBound(to: Float.self))
  }

  func bind(_ planned: PlannedStep) {
    (reads, writes) = (planned.reads, planned.writes)
    planned.step.bind(self)
  }

  // MARK: For steps

  /// Where operand `position` lies; nil if it is left out, or is a graph input, whose address comes with every run.
  func address(_ position: Int) -> UnsafeRawPointer? {
    if case .constant = reads[position] {
      return constant(position)?.withBytes { $0.baseAddress }
    }
    return bufferAddress(position).map { UnsafeRawPointer($0) }
  }

  func floats(_ position: Int) -> UnsafePointer<Float>? { address(position)?.assumingMemoryBound(to: Float.self) }

  func floats(_ position: Int, _ slice: Slice) -> UnsafePointer<Float>? { floats(position).map { $0 + slice.offset } }

  func bfloat16s(_ position: Int) -> UnsafePointer<UInt16>? { address(position)?.assumingMemoryBound(to: UInt16.self) }

  /// Operand `position` if it is a constant.
  func constant(_ position: Int) -> Tensor? {
    guard case .constant(let id) = reads[position] else { return nil }
    return plan.constants[id]
  }

  /// Operand `position` if it is in a buffer.
  func bufferAddress(_ position: Int) -> UnsafeMutableRawPointer? {
    guard case .buffer(let buffer) = reads[position] else { return nil }
    return memory.base + plan.memory.offset(ofBuffer: buffer)
  }

  /// The address of result `position`; nil if the result has no readers.
  func resultAddress(_ position: Int) -> UnsafeMutableRawPointer? {
    writes[position].map { memory.base + plan.memory.offset(ofBuffer: $0) }
  }

  /// Where a kernel writes its result, `offset` bytes into it.
  func result(at offset: Int = 0) -> UnsafeMutableRawPointer? { resultAddress(0).map { $0 + offset } }

  func floatResult() -> UnsafeMutablePointer<Float>? { result()?.assumingMemoryBound(to: Float.self) }

  func bfloat16Result() -> UnsafeMutablePointer<UInt16>? { result()?.assumingMemoryBound(to: UInt16.self) }

  func floatResult(_ slice: Slice) -> UnsafeMutablePointer<Float>? { floatResult().map { $0 + slice.offset } }

  /// Adds the call of a kernel.
  ///
  /// - Parameters:
  ///   - first: tasks on the same parameters that must be over before.
  ///   - setInput: stores the address of operand 0 in the parameters, for a kernel that can read a graph input where
  ///     the caller has it.
  ///   - setOutput: stores the address of result 0, for a kernel that can write a graph output where the caller wants it.
  @inline(__always)
  func call<Parameters: BitwiseCopyable>(
    _ task: thread_pool_task, _ parameters: Parameters, tasks: Int,
    after first: (task: thread_pool_task, tasks: Int)? = nil, setInput: InputPatch.Setter? = nil,
    setOutput: OutputPatch.Setter? = nil
  ) {
    withUnsafeBytes(of: parameters) { add(task, $0, tasks, first, setInput, setOutput) }
  }

  func call(_ evaluation: ReferenceStep.Evaluation) { calls.append(.definition(evaluation)) }

  private func add(
    _ task: thread_pool_task, _ parameters: UnsafeRawBufferPointer, _ tasks: Int,
    _ first: (task: thread_pool_task, tasks: Int)?, _ setInput: InputPatch.Setter?, _ setOutput: OutputPatch.Setter?
  ) {
    let kept = contexts.keep(parameters)
    calls.append(.kernel(KernelCall(task: task, parameters: kept, tasks: tasks, first: first)))
    if let setInput, case .input(let input) = reads[0] {
      patches.append(InputPatch(input: input, parameters: kept, set: setInput))
    }
    if let setOutput, let buffer = writes[0], let output = plan.soleOutput(inBuffer: buffer) {
      outputPatches.append(OutputPatch(output: output, parameters: kept, set: setOutput))
    }
  }
}
