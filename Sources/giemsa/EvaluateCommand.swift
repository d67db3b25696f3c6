import ArgumentParser
import Datasets
import Foundation
import Reports

struct EvaluateCommand: ParsableCommand {
  enum Part: String, CaseIterable, ExpressibleByArgument {
    case valid, all
  }

  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "How good a model is: accuracy, loss, confusion matrix, error rates, the most confused pictures.",
    discussion: """
      A run (the folder that train made) is judged by the pictures it kept back; an ONNX file by all pictures of DATA.
      """)

  @Argument(help: "A run's folder or an ONNX file.") var model: String
  @Argument(help: "A folder with one subfolder of PNG pictures per class.") var data: String
  @Option(help: "Of a run: the pictures it kept back, or all.") var split = Part.valid
  @Option(help: "Of two classes, the one that false negatives are missed cases of; the first unless given.")
  var positive: String?
  @Option(help: "How many of the most confused pictures to list.") var confused = 10
  @Flag(help: "Test-time augmentation: the mean answer to all eight mirrors and quarter turns of each picture.")
  var tta = false
  @Option(help: "Pictures at once.") var batch = 16
  @Option(help: "Threads; all processors unless given.") var threads = ProcessInfo.processInfo.activeProcessorCount

  func validate() throws {
    guard (1...4096).contains(batch) else { throw ValidationError("--batch \(batch) must be from 1 to 4096") }
    guard (1...1024).contains(threads) else { throw ValidationError("--threads \(threads) must be from 1 to 1024") }
    guard confused >= 0 else { throw ValidationError("--confused \(confused) must be at least 0") }
  }

  func run() throws {
    try reporting {
      let run = RunFolder.find(model)
      guard run != nil || FileManager.default.fileExists(atPath: model) else {
        throw CommandFailure("\(model): neither a run's folder nor an ONNX file")
      }
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: model, isDirectory: &isFolder)
      guard run != nil || !isFolder.boolValue else {
        throw CommandFailure("\(model): a folder without settings.json, so no run; name a run's folder or an ONNX file")
      }
      let path = try run?.modelPath() ?? model
      let predictor = try Predictor(path, batch: batch, threads: threads)
      let cells = try CellFolder(data)
      let order = try predictor.order(for: cells)
      let items = split == .valid ? try run.map { try keptBack(cells, $0) } ?? cells.items : cells.items
      var positiveIndex = 0
      if let positive {
        guard let index = cells.classes.firstIndex(of: positive) else {
          throw CommandFailure("--positive \(positive): the classes are \(cells.classes.joined(separator: ", "))")
        }
        positiveIndex = index
      }
      let answers = try predictor.answers(items, order: order, threads: threads, turns: tta)
      let report = EvaluationReport(classes: cells.classes, answers: answers)
      print(report.text(positive: positiveIndex, confused: confused), terminator: "")
    }
  }

  private func keptBack(_ cells: CellFolder, _ run: RunFolder) throws -> [CellFolder.Item] {
    let valid = Set(try run.read().valid)
    let items = cells.items.filter { valid.contains(cells.name(of: $0)) }
    guard !items.isEmpty else {
      throw CommandFailure(
        "\(data): has none of the \(valid.count) pictures that \(model) kept back; give the folder it was trained on, "
          + "or --split all")
    }
    if items.count < valid.count {
      complain("note: \(valid.count - items.count) of the \(valid.count) pictures kept back are not in \(data)")
    }
    return items
  }
}
