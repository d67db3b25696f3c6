import Giemsa
import Platform

/// Pictures ready for the model, in the order of the files. A second thread reads, decodes, resizes and normalises them
/// a few pictures ahead of the thread that runs the model. A single picture is prepared when requested.
final class PictureQueue {
  /// A prepared picture, `[1, 3, height, width]`, or the reason why there is none.
  enum Entry {
    case picture(Tensor, [PictureNote])
    case problem(String)
  }

  private let shelf: PictureShelf
  /// Passes the shelf to the thread.
  private let place: UnsafeMutablePointer<PictureShelf>
  private let thread: UnsafeMutableRawPointer?
  private var taken = 0

  init(_ files: [String], _ preprocessing: Preprocessing) {
    shelf = PictureShelf(files, preprocessing)
    place = .allocate(capacity: 1)
    place.initialize(to: shelf)
    var thread: UnsafeMutableRawPointer?
    if files.count > 1, platform_processor_count() > 1, shelf.canBeShared {
      thread = platform_thread_start({ $0?.assumingMemoryBound(to: PictureShelf.self).pointee.fill() }, place)
    }
    self.thread = thread
  }

  deinit {
    if let thread {
      shelf.end()
      platform_thread_join(thread)
    }
    place.deinitialize(count: 1)
    place.deallocate()
  }

  /// The next file and its content; nil after the last one.
  func next() -> (file: String, entry: Entry)? {
    guard taken < shelf.files.count else { return nil }
    defer { taken += 1 }
    return (shelf.files[taken], thread == nil ? shelf.prepared(taken) : shelf.take(taken))
  }
}

/// State shared by the queue's two threads: each slot belongs to one thread at a time and is handed over by semaphores.
private final class PictureShelf {
  /// Number of pictures prepared ahead: enough to absorb a slow one.
  private static let slotCount = 3

  let files: [String]
  private let preprocessing: Preprocessing
  private let slots: UnsafeMutablePointer<PictureQueue.Entry?>
  private let empty = platform_semaphore_create(UInt32(slotCount))
  private let full = platform_semaphore_create(0)
  /// Set before ``empty`` is posted for the last time.
  private var isEnding = false

  var canBeShared: Bool { empty != nil && full != nil }

  init(_ files: [String], _ preprocessing: Preprocessing) {
    self.files = files
    self.preprocessing = preprocessing
    slots = .allocate(capacity: Self.slotCount)
    slots.initialize(repeating: nil, count: Self.slotCount)
  }

  deinit {
    if let empty { platform_semaphore_destroy(empty) }
    if let full { platform_semaphore_destroy(full) }
    slots.deinitialize(count: Self.slotCount)
    slots.deallocate()
  }

  func prepared(_ index: Int) -> PictureQueue.Entry {
    do {
      let file = try preprocessing.read(files[index])
      return .picture(try preprocessing.tensor([file.picture]), file.notes)
    } catch {
      return .problem(PictureRules.text(error))
    }
  }

  /// The thread's body: prepares all pictures in order.
  func fill() {
    for index in files.indices {
      platform_semaphore_wait(empty)
      if isEnding { return }
      slots[index % Self.slotCount] = prepared(index)
      platform_semaphore_post(full)
    }
  }

  func take(_ index: Int) -> PictureQueue.Entry {
    platform_semaphore_wait(full)
    let entry = slots[index % Self.slotCount] ?? .problem("\(files[index]): no memory left")
    slots[index % Self.slotCount] = nil
    platform_semaphore_post(empty)
    return entry
  }

  /// Stops the thread.
  func end() {
    isEnding = true
    platform_semaphore_post(empty)
  }
}
