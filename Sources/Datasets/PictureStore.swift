import Foundation
import Imaging

/// Decoded, resized and (unless the augmentation crops) cropped pictures by item, decoded once and kept in memory if
/// they fit into `byteBudget`.
final class PictureStore: @unchecked Sendable {  // `kept` is accessed under `lock`, `hashes` by the owner only
  private let items: [CellFolder.Item]
  private let preprocessing: Preprocessing
  private let crops: Bool
  private let lock = NSLock()
  private var kept: [Picture?]
  private let keeps: Bool
  /// Hash of each item's pixels as stored in the file; empty before ``fill()``. Not used by the workers.
  private(set) var hashes: [String] = []
  /// Notes about the files; like `hashes`, empty before ``fill()``.
  private(set) var notes = PictureNotes()

  init(_ items: [CellFolder.Item], _ preprocessing: Preprocessing, crops: Bool, byteBudget: Int) {
    self.items = items
    self.preprocessing = preprocessing
    self.crops = crops
    // All or nothing: keeping only a part would speed up only a part of each epoch but use the memory all the same.
    keeps = items.count * preprocessing.bytesPerPicture <= byteBudget
    kept = [Picture?](repeating: nil, count: keeps ? items.count : 0)
  }

  func picture(_ index: Int) throws -> Picture {
    if keeps {
      lock.lock()
      let known = kept[index]
      lock.unlock()
      if let known { return known }
    }
    return prepared(index, try preprocessing.read(items[index].path).picture)
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

  /// Decodes every picture once, keeps the results if they fit, and collects hashes and errors.
  func fill(progress: @escaping @Sendable (Int) -> Void) throws {
    let paths = items.map { $0.path }
    (hashes, notes) = try PictureHash.read(paths, preprocessing.reading, progress: progress) { index, file in
      guard self.keeps else { return }
      // The hash is that of all pixels; the network may see fewer.
      let seen = self.preprocessing.reduces(file) ? try self.preprocessing.read(paths[index]) : file
      _ = self.prepared(index, seen.picture)
    }
  }
}
