import Platform
import Testing

@Suite struct ThreadPoolTests {
  private final class Counts {
    let base: UnsafeMutablePointer<Int32>
    init(_ count: Int) {
      base = .allocate(capacity: count)
      base.initialize(repeating: 0, count: count)
    }
    deinit { base.deallocate() }
  }

  @Test(arguments: [0, 1, 2, 3, 8]) func everyTaskRunsOnce(_ threads: Int) {
    let pool = thread_pool_create(Int32(threads))
    defer { thread_pool_destroy(pool) }
    #expect(thread_pool_threads(pool) == max(1, threads))
    let limit = 100
    let counts = Counts(limit)
    var expected = [Int32](repeating: 0, count: limit)
    for round in 0..<3000 {
      let count = round * 7 % (limit + 1)
      thread_pool_run(
        pool, count,
        { context, task, _ in context?.assumingMemoryBound(to: Int32.self)[task] += 1 }, counts.base)
      for index in 0..<count { expected[index] += 1 }
      // Sometimes a pause long enough for the workers to sleep.
      if round % 500 == 499 {
        let end = platform_seconds() + 0.002
        while platform_seconds() < end {}
      }
    }
    #expect(Array(UnsafeBufferPointer(start: counts.base, count: limit)) == expected)
  }

  @Test func someProcessorIsThere() { #expect(platform_processor_count() >= 1) }
}
