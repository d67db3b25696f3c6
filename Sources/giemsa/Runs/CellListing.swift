import Datasets
import Imaging
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

  /// The ``PictureHash`` of every picture, with progress on a terminal and warnings about what a person should know of them.
  /// Throws if a picture cannot be read.
  static func hashes(_ items: [Item], _ reading: PictureOptions) throws -> [String] {
    let progress = StageProgress()
    defer { progress.erase() }
    let (hashes, notes) = try PictureHash.read(
      items.map { $0.path }, reading, progress: { progress.update("reading pictures", $0, items.count) })
    progress.erase()
    for warning in notes.warnings(remedy: PictureFlags.remedy) { complain(warning) }
    return hashes
  }
}
