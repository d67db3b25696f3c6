import Foundation
import Imaging

/// Prepared (decoded, resized, cropped unless others do that) pictures by item, decoded once and kept while they fit into `byteBudget`.
final class PictureStore: @unchecked Sendable {  // `kept` is touched under `lock` only, `hashes` by the loader's owner
  private let items: [CellFolder.Item]
  private let preprocessing: Preprocessing
  private let crops: Bool
  private let lock = NSLock()
  private var kept: [Picture?]
  private let keeps: Bool
  /// Of each item's pixels as they are in the file; empty before ``fill()``. No worker asks for them.
  private(set) var hashes: [String] = []
  /// Those that are too dark to be right, likewise.
  private(set) var dim = DimPictures()

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
    return prepared(index, try PNGFile.read(items[index].path))
  }

  private func prepared(_ index: Int, _ file: Picture) -> Picture {
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

  /// Decodes everything once: keeps what is to be kept, and finds what is broken and what is there twice.
  func fill(progress: @escaping @Sendable (Int) -> Void) throws {
    (hashes, dim) = try PictureHash.read(items.map { $0.path }, progress: progress) { index, file in
      if self.keeps { _ = self.prepared(index, file) }
    }
  }
}
