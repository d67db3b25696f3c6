import Datasets
import Foundation
import ModelGraph
import Reports
import Text

/// Makes `card.md`, the model card of a finished run.
enum CardMaker {
  /// The card of the best epoch's network, with the results that `evaluate` gives.
  static func card(_ folder: RunFolder, _ bench: TrainingBench, _ settings: RunSettings, _ history: [EpochResult])
    throws
    -> ModelCard
  {
    let predictor = try Predictor(
      folder.best, batch: 8, threads: bench.options.threads, limits: bench.options.files.limits)
    let items = bench.split.valid.map { bench.cells.items[$0] }
    let answers = try predictor.answers(
      items, order: try predictor.order(for: bench.cells), threads: bench.options.threads)
    var card = ModelCard(
      name: settings.architecture, version: Giemsa.version, date: today,
      report: EvaluationReport(classes: bench.cells.classes, answers: answers, positive: bench.positive))
    let pictures = bench.pictures
    let names = bench.cells.classes
    card.counts = names.map { name in
      let own = pictures.filter { $0.label == name }
      return ModelCard.ClassCount(
        name: name, train: own.count { $0.side == .train }, valid: own.count { $0.side == .valid })
    }
    if bench.cells.showsSlides {
      func slides(_ indices: [Int]) -> Int { Set(indices.map { bench.cells.items[$0].slide }).count }
      card.slides = (slides(bench.split.train), slides(bench.split.valid))
    }
    card.dataHash = PictureHash.dataSet(pictures.map { ($0.hash, $0.label) })
    let share = "fraction \(NumberText.shortest(settings.validFraction))"
    switch bench.plan.kind {
    case .folds: card.split = "\(bench.plan.name), divided by \(bench.cells.showsSlides ? "slide" : "picture")"
    case .slide: card.split = "By slide, \(share)"
    case .random: card.split = "At random, \(share)"
    }
    card.split += ", seed \(settings.seed)"
    card.warnings = bench.overlapWarnings
    card.recipe = settings.facts.filter { $0.name == "network" || $0.name == "recipe" }
    (card.bestEpoch, card.epochs) = (settings.results.bestEpoch, settings.results.epochsDone)
    card.lastAccuracy = history.last?.accuracy
    return card
  }

  /// Today's date in UTC, or the date of `SOURCE_DATE_EPOCH` (https://reproducible-builds.org/specs/source-date-epoch)
  /// if set.
  private static var today: String {
    let seconds = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap { Double($0) }
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withFullDate]
    return formatter.string(from: seconds.map { Date(timeIntervalSince1970: $0) } ?? Date())
  }
}
