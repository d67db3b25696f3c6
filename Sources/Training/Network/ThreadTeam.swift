import Kernels
import TrainingKernels

/// The threads of a network. Every job runs on all of them at once.
final class ThreadTeam {
  let threads: Int
  private let team: OpaquePointer

  /// nil when the system has no thread left.
  init?(threads: Int) {
    guard let team = train_team_create(Int32(threads)) else { return nil }
    self.team = team
    self.threads = Int(train_team_size(team))
  }

  deinit { train_team_destroy(team) }

  /// Calls `work(thread, threads)` once on each thread and waits for all.
  func run(_ work: (_ thread: Int32, _ threads: Int32) -> Void) {
    withoutActuallyEscaping(work) { work in
      var job = Job(work: work)
      withUnsafeMutablePointer(to: &job) { pointer in
        train_team_run(
          team,
          { context, thread, threads in
            context?.assumingMemoryBound(to: Job.self).pointee.work(thread, threads)
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
  }
}
