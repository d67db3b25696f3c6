import Datasets
import Foundation

/// Which pictures a model is judged by, and whether that is fair.
enum EvaluationItems {
  /// Those of a folder that a run kept back.
  static func keptBack(_ cells: CellFolder, _ names: [String], _ run: String) throws -> [CellFolder.Item] {
    let valid = Set(names)
    let items = cells.items.filter { valid.contains(cells.name(of: $0)) }
    guard !items.isEmpty else {
      throw CommandFailure(
        "\(cells.path): has none of the \(valid.count) pictures that \(run) kept back; give the folder it was trained "
          + "on, or --split all")
    }
    if items.count < valid.count {
      complain("note: \(valid.count - items.count) of the \(valid.count) pictures kept back are not in \(cells.path)")
    }
    return items
  }

  /// The run that a model file lies in, if it lies in one.
  static func run(of model: String) -> RunFolder? {
    let folder = URL(filePath: model).deletingLastPathComponent().path
    return RunFolder.exists(folder) ? RunFolder(path: folder) : nil
  }

  /// A line for pictures and one for slides that the run was trained on, where it says which those were.
  static func warnings(_ items: [CellFolder.Item], _ cells: CellFolder, _ run: RunFolder) throws -> [String] {
    let train = run.pictures().filter { $0.side == .train }.map { $0.entry }
    guard !train.isEmpty else { return [] }
    let hashes = try PictureHash.hashes(items.map { $0.path })
    let judged = zip(items, hashes).map { Overlap.Entry(name: cells.name(of: $0), slide: $0.slide, hash: $1) }
    return Overlap(train: train, valid: judged).warnings("here that the model was trained on")
  }
}
