import Giemsa
import Platform

/// Counted fields in the order of the files. Each counter works on a thread of its own, on a field at a time, so that one
/// field is decoded while the cells of others are judged. A single counter works when asked.
final class FieldQueue {
  enum Entry {
    /// With the bytes of its overlay, empty unless wanted.
    case field(CountedField, overlay: [UInt8])
    case problem(String)
    /// Its slide had been finished (``finish(slide:)``).
    case leftOut
  }

  /// A file, and the index of its slide.
  typealias File = (path: String, slide: Int)

  private let shelf: FieldShelf
  private let counters: [FieldCounter]
  /// Passes shelf and counter to each thread.
  private let places: UnsafeMutablePointer<FieldWorker>
  private var threads: [UnsafeMutableRawPointer] = []
  private var taken = 0

  init(_ files: [File], slides: Int, _ counters: [FieldCounter], drawsOverlays: Bool) {
    shelf = FieldShelf(files, slides: slides, workers: counters.count, drawsOverlays: drawsOverlays)
    self.counters = counters
    places = .allocate(capacity: max(counters.count, 1))
    if counters.count < 2 || !shelf.canBeShared { return }
    for (index, counter) in counters.enumerated() {
      (places + index).initialize(to: FieldWorker(shelf: shelf, counter: counter))
      let thread = platform_thread_start(
        { $0?.assumingMemoryBound(to: FieldWorker.self).pointee.work() }, places + index)
      guard let thread else {
        (places + index).deinitialize(count: 1)
        break
      }
      threads.append(thread)
    }
  }

  deinit {
    shelf.end()
    for thread in threads { platform_thread_join(thread) }
    places.deinitialize(count: threads.count)
    places.deallocate()
  }

  /// The next file's index and content; nil after the last one.
  func next() -> (index: Int, entry: Entry)? {
    guard taken < shelf.files.count else { return nil }
    defer { taken += 1 }
    if shelf.isFinished(taken) {
      // Whether a thread had begun it depends on their pace; the result must not.
      if !threads.isEmpty { _ = shelf.take(taken) }
      return (taken, .leftOut)
    }
    if !threads.isEmpty { return (taken, shelf.take(taken)) }
    guard let counter = counters.first else { return nil }
    return (taken, shelf.counted(taken, by: counter))
  }

  /// Further fields of a slide are not read.
  func finish(slide: Int) { shelf.finish(slide: slide) }
}

/// What one thread works with.
private struct FieldWorker {
  let shelf: FieldShelf
  let counter: FieldCounter

  func work() { shelf.fill(by: counter) }
}

/// State shared by the threads: a slot belongs to one thread at a time; everything else is touched under ``lock``.
private final class FieldShelf {
  let files: [FieldQueue.File]
  private let drawsOverlays: Bool
  private let slotCount: Int
  private let slots: UnsafeMutablePointer<FieldQueue.Entry?>
  /// One for each slot: posted when it is filled.
  private var full: [UnsafeMutableRawPointer] = []
  private let empty: UnsafeMutableRawPointer?
  private let lock = platform_semaphore_create(1)
  private var next = 0
  private var isEnding = false
  private var finished: [Bool]

  init(_ files: [FieldQueue.File], slides: Int, workers: Int, drawsOverlays: Bool) {
    self.files = files
    self.drawsOverlays = drawsOverlays
    finished = [Bool](repeating: false, count: slides)
    // A field of slack for each thread absorbs a slow one.
    slotCount = 2 * max(workers, 1)
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
    if let lock { platform_semaphore_destroy(lock) }
    slots.deinitialize(count: slotCount)
    slots.deallocate()
  }

  var canBeShared: Bool { empty != nil && lock != nil && full.count == slotCount }

  private func locked<Result>(_ body: () -> Result) -> Result {
    if let lock { platform_semaphore_wait(lock) }
    defer { if let lock { platform_semaphore_post(lock) } }
    return body()
  }

  func isFinished(_ index: Int) -> Bool { locked { finished[files[index].slide] } }

  func finish(slide: Int) { locked { finished[slide] = true } }

  func counted(_ index: Int, by counter: FieldCounter) -> FieldQueue.Entry {
    let path = files[index].path
    do throws(ClassificationError) {
      let file = try counter.read(path)
      let field = try counter.count(file)
      guard drawsOverlays else { return .field(field, overlay: []) }
      do { return .field(field, overlay: try FieldOverlay.png(file.picture, field)) } catch { throw .picture(error) }
    } catch {
      switch error {
      case .picture(let error): return .problem(PictureRules.text(error))
      default: return .problem("\(path): \(error)")
      }
    }
  }

  /// A thread's body: counts the next field until there are none.
  func fill(by counter: FieldCounter) {
    while true {
      platform_semaphore_wait(empty)
      let index: Int? = locked {
        if isEnding || next == files.count { return nil }
        next += 1
        return next - 1
      }
      guard let index else {
        // For the other threads.
        platform_semaphore_post(empty)
        return
      }
      slots[index % slotCount] = isFinished(index) ? .leftOut : counted(index, by: counter)
      platform_semaphore_post(full[index % slotCount])
    }
  }

  func take(_ index: Int) -> FieldQueue.Entry {
    platform_semaphore_wait(full[index % slotCount])
    let entry = slots[index % slotCount] ?? .leftOut
    slots[index % slotCount] = nil
    platform_semaphore_post(empty)
    return entry
  }

  /// Stops the threads after the fields in hand.
  func end() {
    locked { isEnding = true }
    if let empty { platform_semaphore_post(empty) }
  }
}
