import ModelGraph

/// The activation memory of an engine: one block with the arena, each thread's scratch, and zeros.
struct MemoryPlan {
  private let buffers: [Arena.Buffer]
  let scratchOffset: Int
  /// Of each thread.
  let scratchBytes: Int
  let zeroBytes: Int

  init(_ buffers: consuming [Arena.Buffer], _ steps: [PlannedStep]) {
    scratchOffset = Arena(placing: &buffers).byteCount
    self.buffers = buffers
    var (scratch, zeros) = (0, 0)
    for planned in steps {
      let needs = planned.step.needs
      scratch = max(scratch, needs.scratchBytes)
      zeros = max(zeros, needs.zeroBytes)
    }
    scratchBytes = MemoryBlock.rounded(scratch)
    zeroBytes = MemoryBlock.rounded(zeros)
  }

  func byteCount(threads: Int) -> Int { scratchOffset + scratchBytes * threads + zeroBytes }

  func offset(ofBuffer buffer: Int) -> Int { buffers[buffer].offset }
}
