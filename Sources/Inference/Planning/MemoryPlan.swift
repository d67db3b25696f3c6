import ModelGraph
import Platform
import Text

/// The activation memory of an engine: one block with the arena, each thread's scratch, and zeros.
struct MemoryPlan {
  private let buffers: [Arena.Buffer]
  let scratchOffset: Int
  /// Of each thread.
  let scratchBytes: Int
  let zeroBytes: Int
  /// The most that one step allocates while it runs.
  let runBytes: Int

  init(_ buffers: consuming [Arena.Buffer], _ steps: [PlannedStep]) {
    scratchOffset = Arena(placing: &buffers).byteCount
    self.buffers = buffers
    var (scratch, zeros, run) = (0, 0, 0)
    for planned in steps {
      let needs = planned.step.needs
      scratch = max(scratch, needs.scratchBytes)
      zeros = max(zeros, needs.zeroBytes)
      run = max(run, needs.runBytes)
    }
    scratchBytes = MemoryBlock.rounded(scratch)
    zeroBytes = MemoryBlock.rounded(zeros)
    runBytes = run
  }

  func byteCount(threads: Int) -> Int { scratchOffset + scratchBytes * threads + zeroBytes }

  /// Bytes of the block that runs touch if nobody writes to the `unused` buffers.
  func touchedBytes(threads: Int, unused: [Int]) -> Int {
    var isUsed = [Bool](repeating: true, count: buffers.count)
    for buffer in unused { isUsed[buffer] = false }
    // A block is made of pages, the last of them small ones.
    let total = byteCount(threads: threads)
    let page = platform_region_page(total)
    let inPages = total / page * page
    var (touched, end) = (0, 0)
    func touch(_ start: Int, _ stop: Int) {
      let first = start < inPages ? start / page * page : start
      let last = stop < inPages ? (stop + page - 1) / page * page : stop
      touched += max(last - max(first, end), 0)
      end = max(end, last)
    }
    let order = Array(buffers.indices).inOrder { buffers[$0].offset < buffers[$1].offset }
    for index in order where isUsed[index] && buffers[index].byteCount > 0 {
      touch(buffers[index].offset, buffers[index].offset + buffers[index].byteCount)
    }
    touch(scratchOffset, total)
    return touched
  }

  func offset(ofBuffer buffer: Int) -> Int { buffers[buffer].offset }
}
