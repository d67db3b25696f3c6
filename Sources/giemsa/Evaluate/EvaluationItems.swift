import Datasets
import Foundation
import Text

/// Which pictures a model is judged by, and whether that is fair.
enum EvaluationItems {
  /// Those of a folder that a run kept back.
  static func keptBack(_ cells: CellFolder, _ names: [String], _ run: String) throws -> [CellFolder.Item] {
    // By bytes: names that Unicode takes for equal are those of two files.
    let valid = Set(names.map { ExactText($0) })
    let items = cells.items.filter { valid.contains(ExactText(cells.name(of: $0))) }
    guard !items.isEmpty else {
      throw CommandFailure(
        "\(cells.path): has none of the \(counted(valid.count, "picture")) that \(run) kept back; give the folder it was trained "
          + "on, or --split all")
    }
    if items.count < valid.count {
      complain(
        "note: \(valid.count - items.count) of the \(counted(valid.count, "picture")) kept back are not in \(cells.path)"
      )
    }
    return items
  }

  /// The run that a model file lies in, if it lies in one.
  static func run(of model: String) -> RunFolder? {
    let folder = URL(filePath: model).deletingLastPathComponent().path
    return RunFolder.exists(folder) ? RunFolder(path: folder) : nil
  }

  /// What is wrong with pictures to judge by: a line for those that stand under two labels; one for pictures and one for
  /// slides that the model was trained on, where its run or the model itself says which those were. Throws what is wrong
  /// with pictures that cannot be read.
  static func warnings(_ items: [CellFolder.Item], _ cells: CellFolder, _ run: RunFolder?, _ predictor: Predictor)
    throws
    -> [String]
  {
    let train = (run?.pictures() ?? []).filter { $0.side == .train }.map { $0.entry }
    let judged = zip(items, try CellFolder.hashes(items)).map {
      PictureRecord(side: .valid, hash: $1, name: cells.name(of: $0)).entry
    }
    let slides = predictor.trainedSlides
    return Overlap(train: train, valid: judged) { slides.contains($0) }.warnings("here that the model was trained on")
  }
}
