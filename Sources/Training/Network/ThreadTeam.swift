import Platform

/// The threads of a network. Every job is divided among all of them.
final class ThreadTeam {
  let threads: Int
  /// nil for one thread: the caller's.
  private let pool: OpaquePointer?

  /// nil when the system does not give so many threads.
  init?(threads: Int) {
    let count = max(threads, 1)
    let pool = thread_pool_create(Int32(clamping: count))
    guard thread_pool_threads(pool) == count else {
      thread_pool_destroy(pool)
      return nil
    }
    self.pool = pool
    self.threads = count
  }

  deinit { thread_pool_destroy(pool) }

  /// Calls `work(thread, threads)` once for each `thread` and waits for all. A thread that is early may take the part of one
  /// that is late, so the result must depend on the arguments alone.
  func run(_ work: (_ thread: Int32, _ threads: Int32) -> Void) {
    withoutActuallyEscaping(work) { work in
      var job = Job(work: work, threads: Int32(clamping: threads))
      withUnsafeMutablePointer(to: &job) { pointer in
        thread_pool_run(
          pool, threads,
          { context, thread, _ in
            guard let job = context?.assumingMemoryBound(to: Job.self).pointee else { return }
            job.work(Int32(truncatingIfNeeded: thread), job.threads)
          }, pointer)
      }
    }
  }

  /// Splits 0 ..< count into one contiguous range per thread, with bounds at multiples of 64.
  func runRanges(_ count: Int, _ work: (_ first: Int, _ count: Int) -> Void) {
    run { thread, threads in
      let range = ThreadTeam.range(of: count, thread, threads)
      if !range.isEmpty { work(range.lowerBound, range.count) }
    }
  }

  /// A thread's range of 0 ..< count, with bounds at multiples of 64.
  static func range(of count: Int, _ thread: Int32, _ threads: Int32) -> Range<Int> {
    let lines = (count + 63) / 64
    return lines * Int(thread) / Int(threads) * 64..<min(lines * Int(thread + 1) / Int(threads) * 64, count)
  }

  private struct Job {
    let work: (Int32, Int32) -> Void
    let threads: Int32
  }
}
