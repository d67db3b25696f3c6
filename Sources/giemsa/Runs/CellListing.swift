import Datasets
import Text

extension CellFolder {
  /// The folder at `path`, with a line on a terminal while it is listed and a warning of what is left out.
  static func listed(_ path: String) throws -> CellFolder {
    let progress = StageProgress()
    defer { progress.erase() }
    let cells = try CellFolder(path) { progress.update("listing \(path.printable)", $0, 0) }
    progress.erase()
    if let warning = cells.leftOutWarning { complain(warning) }
    return cells
  }

  /// Every picture's ``PictureHash``, with a bar on a terminal and a warning of those too dark. Throws what is wrong with those that cannot be read.
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
