import Foundation
import Imaging

/// Prepared (decoded, resized, cropped) pictures by item, decoded once and kept while they fit into `byteBudget`.
final class PictureStore: @unchecked Sendable {  // `kept` is touched under `lock` only
  private let items: [CellFolder.Item]
  private let preprocessing: Preprocessing
  private let lock = NSLock()
  private var kept: [Picture?]
  private let keeps: Bool

  init(_ items: [CellFolder.Item], _ preprocessing: Preprocessing, byteBudget: Int) {
    self.items = items
    self.preprocessing = preprocessing
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
    let picture = preprocessing.prepared(try PNGFile.read(items[index].path))
    if keeps {
      lock.lock()
      kept[index] = picture
      lock.unlock()
    }
    return picture
  }
}
