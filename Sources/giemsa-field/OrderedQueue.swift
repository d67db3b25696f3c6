import Platform

/// Results in the order of their indices, made a few ahead of their taker by threads.
final class OrderedQueue<Result> {
  private let shelf: Shelf<Result>
  private let makers: [(Int) -> Result]
  private var threads: [Worker] = []
  private var taken = 0

  /// - Parameters:
  ///   - count: results are made for 0 to `count` - 1, each once.
  ///   - ahead: how many results wait at most.
  ///   - makers: each makes a result at a time, on a thread of its own.
  ///   - usesThreads: false: a result is made when it is asked for, by the first maker.
  init(count: Int, ahead: Int, makers: [(Int) -> Result], usesThreads: Bool) {
    shelf = Shelf(count: count, slots: max(ahead, 1))
    self.makers = makers
    guard usesThreads, shelf.canBeShared else { return }
    for maker in makers {
      let shelf = self.shelf
      guard let thread = Worker({ shelf.fill(by: maker) }) else { break }
      threads.append(thread)
    }
  }

  deinit {
    shelf.end()
    for thread in threads { thread.join() }
  }

  /// The next index and its result; nil after the last one.
  func next() -> (index: Int, result: Result)? {
    guard taken < shelf.count, let maker = makers.first else { return nil }
    defer { taken += 1 }
    return (taken, threads.isEmpty ? maker(taken) : shelf.take(taken) ?? maker(taken))
  }
}

/// A thread that runs a closure once.
private struct Worker {
  private let place: UnsafeMutablePointer<() -> Void>
  private let thread: UnsafeMutableRawPointer

  /// nil if no thread can be created.
  init?(_ body: @escaping () -> Void) {
    place = .allocate(capacity: 1)
    place.initialize(to: body)
    let thread = platform_thread_start({ $0?.assumingMemoryBound(to: (() -> Void).self).pointee() }, place)
    guard let thread else {
      place.deinitialize(count: 1)
      place.deallocate()
      return nil
    }
    self.thread = thread
  }

  func join() {
    platform_thread_join(thread)
    place.deinitialize(count: 1)
    place.deallocate()
  }
}

/// State shared by the threads: a slot belongs to one thread at a time; `next` and `isEnding` are touched under ``lock``.
private final class Shelf<Result> {
  let count: Int
  private let slotCount: Int
  private let slots: UnsafeMutablePointer<Result?>
  /// One for each slot: posted when it is filled.
  private var full: [UnsafeMutableRawPointer] = []
  private let empty: UnsafeMutableRawPointer?
  private let lock = Lock()
  private var next = 0
  private var isEnding = false

  init(count: Int, slots slotCount: Int) {
    self.count = count
    self.slotCount = slotCount
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: nil, count: slotCount)
    empty = platform_semaphore_create(UInt32(slotCount))
    for _ in 0..<slotCount {
      if let semaphore = platform_semaphore_create(0) { full.append(semaphore) }
    }
  }

  deinit {
    for semaphore in full { platform_semaphore_destroy(semaphore) }
    if let empty { platform_semaphore_destroy(empty) }
    slots.deinitialize(count: slotCount)
    slots.deallocate()
  }

  var canBeShared: Bool { empty != nil && lock.exists && full.count == slotCount }

  /// A thread's body: makes the next result until there are none.
  func fill(by maker: (Int) -> Result) {
    while true {
      platform_semaphore_wait(empty)
      let index: Int? = lock.locked {
        if isEnding || next == count { return nil }
        next += 1
        return next - 1
      }
      guard let index else {
        // For the other threads.
        platform_semaphore_post(empty)
        return
      }
      slots[index % slotCount] = maker(index)
      platform_semaphore_post(full[index % slotCount])
    }
  }

  func take(_ index: Int) -> Result? {
    platform_semaphore_wait(full[index % slotCount])
    defer {
      slots[index % slotCount] = nil
      platform_semaphore_post(empty)
    }
    return slots[index % slotCount]
  }

  /// Stops the threads after the results in hand.
  func end() {
    lock.locked { isEnding = true }
    if let empty { platform_semaphore_post(empty) }
  }
}

/// Lets one thread at a time in.
final class Lock {
  private let semaphore = platform_semaphore_create(1)

  deinit { if let semaphore { platform_semaphore_destroy(semaphore) } }

  /// False if memory was out: then nothing is locked.
  var exists: Bool { semaphore != nil }

  func locked<Result>(_ body: () -> Result) -> Result {
    if let semaphore { platform_semaphore_wait(semaphore) }
    defer { if let semaphore { platform_semaphore_post(semaphore) } }
    return body()
  }
}
