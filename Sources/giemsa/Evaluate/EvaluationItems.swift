import Datasets
import Foundation
import Text

/// Chooses the pictures that a model is evaluated on, and warns if the model was trained on some of them.
enum EvaluationItems {
  /// The run's validation pictures that are in the folder.
  static func validation(_ cells: CellFolder, _ names: [String], _ run: String) throws -> [CellFolder.Item] {
    // Compared by bytes: Unicode-equivalent names may belong to different files.
    let valid = Set(names.map { ExactText($0) })
    let items = cells.items.filter { valid.contains(ExactText(cells.name(of: $0))) }
    guard !items.isEmpty else {
      throw CommandFailure(
        "\(cells.path): has none of the \(counted(valid.count, "validation picture")) of \(run); give the folder that it was "
          + "trained on, or --split all")
    }
    if items.count < valid.count {
      complain(
        "note: \(valid.count - items.count) of the \(counted(valid.count, "validation picture")) are not in \(cells.path)"
      )
    }
    return items
  }

  /// The run whose folder holds this model file; nil if the folder is not a run.
  static func run(of model: String) -> RunFolder? {
    let folder = URL(filePath: model).deletingLastPathComponent().path
    return RunFolder.exists(folder) ? RunFolder(path: folder) : nil
  }

  /// Warnings about the pictures to evaluate on: pictures that are in two classes; pictures and slides that the model
  /// was trained on, as far as its run or its metadata tell. Throws if a picture cannot be read.
  static func warnings(_ items: [CellFolder.Item], _ cells: CellFolder, _ run: RunFolder?, _ predictor: Predictor)
    throws
    -> [String]
  {
    let train = (run?.pictures() ?? []).filter { $0.side == .train }.map { $0.entry }
    let evaluated = zip(items, try CellFolder.hashes(items, predictor.preprocessing.reading)).map {
      PictureRecord(side: .valid, hash: $1, name: cells.name(of: $0)).entry
    }
    let slides = predictor.trainedSlides
    var warnings = Overlap(train: train, valid: evaluated) { slides.contains($0) }.warnings(
      "here that the model was trained on")
    if let cell = predictor.cell, let cut = cells.cut, cell != cut {
      warnings.append(
        "warning: the cells here were cut as '\(cut.text)', those that the model was trained on as '\(cell.text)'")
    }
    return warnings
  }
}
