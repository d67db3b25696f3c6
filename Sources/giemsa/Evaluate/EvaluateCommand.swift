import ArgumentParser
import Datasets
import Foundation
import Reports
import Text

struct EvaluateCommand: ParsableCommand {
  enum Part: String, CaseIterable, ExpressibleByArgument {
    case valid, all
  }

  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Evaluates a model: accuracy, loss, confusion matrix, error rates, most confused pictures.",
    discussion: """
      A run (a folder that train wrote) is evaluated on its validation pictures. A run in folds is evaluated on all \
      pictures, each answered by the fold that did not train on it. An ONNX file is evaluated on all pictures of DATA.
      """)

  @Argument(help: "A run's folder or an ONNX file.") var model: String
  @Argument(help: "A folder with one subfolder of pictures per class.") var data: String
  @Option(help: "For a run: evaluate on its validation pictures, or on all.") var split = Part.valid
  @Option(
    help: ArgumentHelp(
      "The positive class, whose missed cases are false negatives. Default: as recorded in the model, or guessed from the names.",
      valueName: "name"))
  var positive: String?
  @Option(help: "How many of the most confused pictures to list.") var confused = 10
  @Option(
    help: ArgumentHelp(
      "Write an HTML report: curves, intervals, a threshold slider, the worst mistakes.", valueName: "html"))
  var report: String?
  @Option(help: "How many pictures with the highest loss the report shows.") var pictures = 24
  @Flag(
    help: "Test-time augmentation: average the probabilities of all eight mirrors and quarter turns of each picture.")
  var tta = false
  @Option(help: "Batch size.") var batch = 16
  @Option(help: "Threads; all processors unless given.") var threads = ProcessInfo.processInfo.activeProcessorCount
  @OptionGroup var pictureModel: ModelFlags
  @OptionGroup var files: PictureFlags

  func validate() throws {
    guard (1...4096).contains(batch) else { throw ValidationError("--batch \(batch) must be from 1 to 4096") }
    guard (1...1024).contains(threads) else { throw ValidationError("--threads \(threads) must be from 1 to 1024") }
    try check(pictures, 0...1000, "--pictures")
    guard confused >= 0 else { throw ValidationError("--confused \(confused) must be at least 0") }
  }

  func run() throws {
    try reporting {
      if let report { try checkWritable(report) }
      let folds = RunFolder.find(model) == nil ? RunFolder.folds(model) : []
      let found = folds.isEmpty ? try source() : nil
      let cells = try CellFolder.listed(data)
      let chosen: PositiveClass?
      var models: [EvaluatedModel] = []
      var results: [FoldResult] = []
      var warnings: [String] = []
      if let (run, path) = found {
        let predictor = try Predictor(
          path, batch: batch, threads: threads, limits: files.limits, description: pictureModel.description)
        let order = try predictor.order(for: cells)
        let settings = try run?.read().settings
        let recorded = settings?.positive ?? predictor.positive
        predictor.threshold = settings?.results.threshold ?? predictor.threshold
        predictor.looks = settings?.looks ?? predictor.looks
        chosen = try PositiveClass.choose(cells.classes, option: positive, recorded: recorded)
        let items =
          split == .valid
          ? try run.map { try EvaluationItems.validation(cells, try $0.read().valid, model) } ?? cells.items
          : cells.items
        let home = run ?? EvaluationItems.run(of: path)
        warnings = try EvaluationItems.warnings(items, cells, home, predictor)
        let answers = try predictor.answers(items, order: order, threads: threads, turns: tta || predictor.looks > 1)
        models = [EvaluatedModel(predictor, run: home, order: order, answers: answers)]
      } else {
        guard split == .valid else {
          throw CommandFailure(
            "--split all: \(model) is a run in folds, each evaluated on its own validation pictures; name one of the folds"
          )
        }
        let evaluation = try FoldsEvaluation(
          folds, cells, option: positive, batch: batch, threads: threads, tta: tta, limits: files.limits)
        (models, results, warnings) = (evaluation.models, evaluation.results, evaluation.warnings)
        chosen = evaluation.positive
        Console.out("\(counted(folds.count, "fold")), each evaluated on its validation pictures\n")
        Console.out(FoldTable(results, classes: cells.classes, positive: chosen).text + "\nall folds together")
      }
      for line in warnings { complain(line) }
      let text = EvaluationReport(
        classes: cells.classes, answers: models.flatMap { $0.answers }, positive: chosen,
        threshold: EvaluatedModel.threshold(models, chosen.map { cells.classes[$0.index] }))
      Console.write(text.text(confused: confused))
      if let report {
        let maker = EvaluationPageMaker(
          models: models, cells: cells, positive: chosen, threads: threads, pictures: pictures)
        let facts =
          tta ? [(name: "test-time augmentation", value: "mean over all eight mirrors and quarter turns")] : []
        let page = try maker.page(
          name: URL(filePath: model).lastPathComponent, facts: facts, folds: results, warnings: warnings)
        try writeText(page.text, to: report)
        complain("\(report): report written")
      }
    }
  }

  /// The run (nil for a plain ONNX file) and the path of the model file.
  private func source() throws -> (run: RunFolder?, path: String) {
    let run = RunFolder.find(model)
    guard run != nil || FileManager.default.fileExists(atPath: model) else {
      throw CommandFailure("\(model): neither a run's folder nor an ONNX file")
    }
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: model, isDirectory: &isFolder)
    guard run != nil || !isFolder.boolValue else {
      throw CommandFailure("\(model): not a run (the folder has no settings.json); name a run's folder or an ONNX file")
    }
    return (run, try run?.modelPath() ?? model)
  }
}
