import Foundation
import Imaging

/// Draws and writes `count` pictures on all processors. The first failure ends it.
///
/// - Parameters:
///   - progress: called with the number of pictures written.
///   - draw: gives a picture, the path of its file, and what to keep of it.
/// - Returns: what was kept, in order.
func writeDrawnPictures<Kept: Sendable>(
  _ count: Int, progress: @Sendable (Int) -> Void,
  _ draw: @Sendable (Int) -> (file: String, picture: Picture, kept: Kept)
) throws -> [Kept] {
  let state = DrawingState<Kept>(count)
  DispatchQueue.concurrentPerform(iterations: count) { index in
    if state.failure != nil { return }
    let (file, picture, kept) = draw(index)
    do {
      // Not synced one by one as PNGFile.write does: an incomplete set is drawn again.
      try Data(try PNGFile.encode(picture)).write(to: URL(filePath: file))
      progress(state.add(index, kept))
    } catch { state.fail(DatasetError("\(error)")) }
  }
  if let failure = state.failure { throw failure }
  return state.kept
}

/// State shared by concurrent writers.
private final class DrawingState<Kept: Sendable>: @unchecked Sendable {  // all state is accessed under `lock`
  private let lock = NSLock()
  private var all: [Kept?]
  private var done = 0
  private var first: DatasetError?

  init(_ count: Int) { all = [Kept?](repeating: nil, count: count) }

  var kept: [Kept] { lock.withLock { all.compactMap { $0 } } }
  var failure: DatasetError? { lock.withLock { first } }
  func fail(_ error: DatasetError) { lock.withLock { if first == nil { first = error } } }
  func add(_ index: Int, _ kept: Kept) -> Int {
    lock.withLock {
      all[index] = kept
      done += 1
      return done
    }
  }
}
