import ArgumentParser
import Datasets
import Foundation
import Imaging
import Reports

/// Trains all folds in turn into OUT/fold-1, OUT/fold-2, …, or a single run if no folds are asked for.
enum FoldsTraining {
  typealias Body = (_ options: TrainingOptions, _ output: RunOptions, _ isOneOfFolds: Bool) throws -> Void

  static func each(_ options: TrainingOptions, _ output: RunOptions, _ body: Body) throws {
    guard let count = options.foldCount, options.fold == nil else { return try body(options, output, false) }
    let out = output.out
    guard RunFolder.find(out) == nil else {
      throw CommandFailure("\(out): holds a run that is not in folds; name another --out")
    }
    // Check settings and folders before anything is removed.
    let cells = try CellFolder(options.data)
    _ = try SplitPlan(cells, options)
    try makeFolders(out, advice: "; name another --out")
    try RunLock.take(out)
    try prepare(out, output)
    for number in 1...count {
      complain("fold \(number) of \(count)")
      var (part, place) = (options, output)
      part.fold = number
      place.out = "\(out)/fold-\(number)"
      // Starting from a run in folds: each fold starts from the network that has never seen its validation pictures.
      if let from = options.from, RunFolder.find("\(from)/fold-\(number)") != nil {
        part.from = "\(from)/fold-\(number)"
      }
      do {
        try body(part, place, true)
      } catch {
        RunFolder(path: out).removeIfEmpty()
        throw error
      }
    }
    let evaluation = try FoldsEvaluation(
      RunFolder.folds(out), cells, option: options.positive, batch: 16, threads: options.threads, tta: false,
      limits: options.files.limits)
    let table = FoldTable(evaluation.results, classes: cells.classes, positive: evaluation.positive)
    show("\n" + table.text)
    try writeText(table.csv, to: "\(out)/folds.csv")
    complain("saved as \(out)/folds.csv; next: giemsa evaluate \(out) \(options.data)")
  }

  private static func prepare(_ out: String, _ output: RunOptions) throws {
    guard !output.resume else { return }
    let there = (1...1000).filter { number in
      FileManager.default.fileExists(atPath: "\(out)/fold-\(number)")
    }
    guard !there.isEmpty, output.stage ?? 1 == 1 else { return }
    guard output.overwrite else {
      throw CommandFailure(
        "\(out): already holds a run in folds; name another --out, continue it with --resume, or give --overwrite")
    }
    try? FileManager.default.removeItem(atPath: "\(out)/folds.csv")
    for number in there {
      let fold = "\(out)/fold-\(number)"
      for stage in [fold] + (1...99).map({ "\(fold)/stage-\($0)" }) {
        let folder = RunFolder(path: stage)
        folder.clear()
        folder.removeIfEmpty()
      }
      RunFolder(path: fold).removeIfEmpty()
    }
  }
}

/// Every fold's best network, evaluated on that fold's validation pictures.
struct FoldsEvaluation {
  private(set) var models: [EvaluatedModel] = []
  private(set) var warnings: [String] = []
  private(set) var results: [FoldResult] = []
  let positive: PositiveClass?

  /// - Parameter option: the value of `--positive`.
  init(
    _ runs: [RunFolder], _ cells: CellFolder, option: String?, batch: Int, threads: Int, tta: Bool,
    limits: PictureLimits
  ) throws {
    positive = try PositiveClass.choose(
      cells.classes, option: option, recorded: try runs.first?.read().settings.positive)
    for (number, run) in runs.enumerated() {
      let file = try run.read()
      let predictor = try Predictor(try run.modelPath(), batch: batch, threads: threads, limits: limits)
      predictor.threshold = file.settings.results.threshold
      let items = try EvaluationItems.validation(cells, file.valid, run.path)
      warnings += try EvaluationItems.warnings(items, cells, run, predictor).map { "fold \(number + 1): \($0)" }
      let order = try predictor.order(for: cells)
      let found = try predictor.answers(
        items, order: order, threads: threads, turns: tta || (file.settings.looks ?? 1) > 1)
      models.append(EvaluatedModel(predictor, run: run, order: order, answers: found))
      let matrix = EvaluationReport(classes: cells.classes, answers: found, positive: positive).matrix
      results.append(
        FoldResult(
          matrix, positive: positive?.index, bestEpoch: file.settings.results.bestEpoch,
          lastAccuracy: tta ? nil : run.history().last?.accuracy))
    }
  }
}
