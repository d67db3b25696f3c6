import Kernels
import ModelGraph
import Platform

/// Memory that a plan owns: the one place in this module where memory is got and given back.
///
/// `@unchecked Sendable` is not claimed: a region belongs to one engine, and the kernels that share it between threads
/// write to different parts of it.
final class Region {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// Uninitialised and 64-byte aligned; pages cost nothing before they are written to.
  init(byteCount: Int, for purpose: String) throws(GraphError) {
    guard let base = platform_allocate_region(byteCount) else {
      throw GraphError(.tooLarge, "no memory for \(byteCount) bytes of \(purpose)")
    }
    self.base = base
    self.byteCount = byteCount
  }

  deinit { platform_free_region(base, byteCount) }

  func floats(at offset: Int) -> UnsafeMutablePointer<Float> {
    (base + offset).assumingMemoryBound(to: Float.self)
  }

  /// Space is handed out in whole cache lines, so that no two buffers share one.
  static func rounded(_ byteCount: Int) -> Int { (byteCount + 63) & ~63 }
}

/// The parameters of one kernel call, where C finds them: memory for a struct that lives as long as the plan.
final class KernelContexts {
  private var blocks: [UnsafeMutableRawPointer] = []

  /// A copy of `context` at an address that does not change.
  func keep<Context: BitwiseCopyable>(_ context: Context) -> UnsafeMutablePointer<Context> {
    let pointer = UnsafeMutablePointer<Context>.allocate(capacity: 1)
    pointer.initialize(to: context)
    blocks.append(UnsafeMutableRawPointer(pointer))
    return pointer
  }

  deinit {
    for block in blocks { block.deallocate() }
  }
}

/// Threads that share the steps' work.
final class Workers {
  private let pool: OpaquePointer?
  let count: Int

  init(threads: Int) {
    pool = thread_pool_create(Int32(clamping: threads))
    count = Int(thread_pool_threads(pool))
  }

  deinit { thread_pool_destroy(pool) }

  @inline(__always)
  func run(_ count: Int, _ task: thread_pool_task, _ context: UnsafeMutableRawPointer) {
    thread_pool_run(pool, count, task, context)
  }
}
