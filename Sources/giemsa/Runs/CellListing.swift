import Datasets
import Text

extension CellFolder {
  /// Lists the folder at `path`, with progress on a terminal, and warns of files that are left out.
  static func listed(_ path: String) throws -> CellFolder {
    let progress = StageProgress()
    defer { progress.erase() }
    let cells = try CellFolder(path) { progress.update("listing \(path.printable)", $0, 0) }
    progress.erase()
    if let warning = cells.leftOutWarning { complain(warning) }
    return cells
  }

  /// The ``PictureHash`` of every picture, with progress on a terminal and a warning about pictures that are too dark.
  /// Throws if a picture cannot be read.
  static func hashes(_ items: [Item]) throws -> [String] {
    let progress = StageProgress()
    defer { progress.erase() }
    let (hashes, dim) = try PictureHash.read(
      items.map { $0.path }, progress: { progress.update("reading pictures", $0, items.count) })
    progress.erase()
    if let warning = dim.warning { complain(warning) }
    return hashes
  }
}
