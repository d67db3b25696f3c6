import Foundation
import Imaging

/// Prepared (decoded, resized, cropped unless others do that) pictures by item, decoded once and kept while they fit into `byteBudget`.
final class PictureStore: @unchecked Sendable {  // `kept` is touched under `lock` only
  private let items: [CellFolder.Item]
  private let preprocessing: Preprocessing
  private let crops: Bool
  private let lock = NSLock()
  private var kept: [Picture?]
  private let keeps: Bool

  init(_ items: [CellFolder.Item], _ preprocessing: Preprocessing, crops: Bool, byteBudget: Int) {
    self.items = items
    self.preprocessing = preprocessing
    self.crops = crops
    // All or nothing: a part kept would speed up a part of each epoch and still spend the memory.
    keeps = items.count * preprocessing.floatsPerPicture <= byteBudget
    kept = [Picture?](repeating: nil, count: keeps ? items.count : 0)
  }

  func picture(_ index: Int) throws -> Picture {
    if keeps {
      lock.lock()
      let known = kept[index]
      lock.unlock()
      if let known { return known }
    }
    let file = try PNGFile.read(items[index].path)
    let whole =
      crops
      ? nil
      : preprocessing.resize.map {
        file.resized(shorterSide: $0).extended(width: preprocessing.width, height: preprocessing.height)
      }
    let picture = whole ?? preprocessing.prepared(file)
    if keeps {
      lock.lock()
      kept[index] = picture
      lock.unlock()
    }
    return picture
  }

  /// Decodes everything, if it is to be kept.
  func fill() throws {
    guard keeps else { return }
    let failures = Failures()
    DispatchQueue.concurrentPerform(iterations: items.count) { index in
      do { _ = try picture(index) } catch { failures.add(index, "\(error)") }
    }
    try failures.check()
  }
}

/// What went wrong on several threads: the one with the lowest index is told, and how many more there are.
private final class Failures: @unchecked Sendable {  // everything under `lock`
  private let lock = NSLock()
  private var first: (index: Int, message: String)?
  private var count = 0

  func add(_ index: Int, _ message: String) {
    lock.withLock {
      count += 1
      if let first, first.index < index { return }
      first = (index, message)
    }
  }

  func check() throws {
    try lock.withLock {
      guard let first else { return }
      let more = count > 1 ? " (and \(count - 1) more pictures cannot be read)" : ""
      throw DatasetError(first.message + more)
    }
  }
}
