import Platform

/// The threads that share the work of a kernel call; the caller's thread is one of them.
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
