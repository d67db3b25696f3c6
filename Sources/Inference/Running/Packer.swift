import Kernels
import ModelGraph
import Platform
import Text

/// The constants of a plan, and the memory into which steps pack them.
///
/// Steps pack one after the other. A weight tensor that is still in its file stays in memory only while its step packs,
/// and a tensor that no later step reads is released: memory never holds more than the packed weights and one original.
final class Packer {
  /// By value; nil once no step has to pack it any more. The constants that remain at the end are operands of steps, or
  /// outputs.
  private(set) var constants: [Tensor?]
  /// One block for all steps, and one for each layer that needed more room than planned.
  private(set) var blocks: [MemoryBlock]
  /// Room for the packed weights of the step that is being packed: 64-byte aligned, as large as its needs say.
  private(set) var room: UnsafeMutableRawPointer
  private let workers: Workers
  /// The memory that weight tensors are read into, one after the other.
  private let reading: MemoryBlock
  /// The number of times that each constant is still to be packed.
  private var uses: [Int]
  /// Whether a constant is an operand of a step, or an output.
  private var isKept: [Bool]
  /// By value: bytes of constants that are in memory from the start.
  private var residentBytes: [Int]
  /// Bytes of constants and packed weights now, and the most that there were.
  private var bytes: Int
  private(set) var mostBytes: Int
  /// Bytes of ``reading`` that were written to.
  private var readBytes = 0

  /// - Parameters:
  ///   - constants: by value.
  ///   - outputs: of the graph.
  init(
    _ steps: [PlannedStep], _ constants: consuming [Tensor?], outputs: [Operand], workers: Workers
  ) throws(GraphError) {
    uses = [Int](repeating: 0, count: constants.count)
    isKept = [Bool](repeating: false, count: constants.count)
    var (packed, longest) = (0, 0)
    for planned in steps {
      let needs = planned.step.needs
      packed += MemoryBlock.rounded(needs.packedBytes)
      for id in needs.constants { uses[id] += 1 }
      for case .constant(let id) in planned.reads { isKept[id] = true }
      for id in needs.weights {
        if let tensor = constants[id], tensor.isDeferred { longest = max(longest, tensor.byteCount) }
      }
    }
    for case .constant(let id) in outputs { isKept[id] = true }
    for id in constants.indices where uses[id] == 0 && !isKept[id] { constants[id] = nil }
    residentBytes = constants.map { $0.map { $0.isDeferred ? 0 : $0.byteCount } ?? 0 }
    bytes = residentBytes.reduce(0, +)
    mostBytes = bytes
    self.constants = constants
    self.workers = workers
    let block = try MemoryBlock.allocate(packed, for: "weights")
    blocks = [block]
    room = block.base
    reading = try MemoryBlock.allocate(longest, for: "weights")
  }

  func pack(_ step: any Step) throws(GraphError) {
    let needs = step.needs
    let next = room + MemoryBlock.rounded(needs.packedBytes)
    for id in needs.weights {
      if let tensor = constants[id], tensor.isDeferred { readBytes = max(readBytes, tensor.byteCount) }
    }
    try step.pack(self)
    room = next
    bytes += needs.packedBytes
    mostBytes = max(mostBytes, bytes + readBytes)
    for id in needs.constants {
      uses[id] -= 1
      if uses[id] == 0 && !isKept[id] {
        constants[id] = nil
        // Smaller ones go back when the activations' memory is allocated.
        if residentBytes[id] >= PLATFORM_RETURNED_BYTES { bytes -= residentBytes[id] }
      }
    }
  }

  /// Reads the remaining constants from their file, so that threads can share them.
  func readConstants() {
    for case let tensor? in constants { tensor.withBytes { _ in } }
  }

  // MARK: For steps

  func constant(_ id: Graph.ValueID) -> Tensor? { constants[id] }

  /// Calls `pack` for the step's room of `planned` bytes; where it returns that it takes more, and so has packed nothing,
  /// again for a block of its own. Returns where the step finds what was packed.
  func fill(
    _ planned: Int, _ pack: (_ target: UnsafeMutableRawPointer, _ room: Int) -> Int
  ) throws(GraphError) -> UnsafeRawPointer {
    let size = pack(room, planned)
    guard size > planned else { return UnsafeRawPointer(room) }
    let block = try addBlock(size)
    _ = pack(block, size)
    return UnsafeRawPointer(block)
  }

  /// Another block of weights, for a step whose room is too small.
  private func addBlock(_ byteCount: Int) throws(GraphError) -> UnsafeMutableRawPointer {
    let block = try MemoryBlock.allocate(byteCount, for: "weights")
    blocks.append(block)
    bytes += byteCount
    return block.base
  }

  /// The bytes of a step's weights, until it asks for others; nil if the value is no constant.
  func weights(_ id: Graph.ValueID) -> UnsafeRawPointer? {
    guard let tensor = constants[id] else { return nil }
    guard tensor.isDeferred else { return tensor.withBytes { $0.baseAddress } }
    tensor.copyBytes(to: reading.base)
    return UnsafeRawPointer(reading.base)
  }

  /// The same of float weights.
  func floatWeights(_ id: Graph.ValueID) -> UnsafePointer<Float>? {
    weights(id)?.assumingMemoryBound(to: Float.self)
  }

  /// The floats of a short constant, while the step packs; nil if there is none.
  func floats(_ id: Graph.ValueID?) -> UnsafePointer<Float>? {
    guard let id else { return nil }
    return constants[id]?.withElements(Float.self) { $0.baseAddress }
  }

  /// Calls a task of C's for each index below `count`, on all threads.
  func inParallel<Parameters: BitwiseCopyable>(_ count: Int, _ task: thread_pool_task, _ parameters: Parameters) {
    var parameters = parameters
    withUnsafeMutablePointer(to: &parameters) { workers.run(count, task, UnsafeMutableRawPointer($0)) }
  }
}
