import Datasets
import Foundation
import ModelGraph
import PictureModels
import Reports
import Text

/// Makes `card.md`, the model card of a finished run.
enum CardMaker {
  /// What the best epoch's network answers for the validation pictures, as `evaluate` does, with the threshold that
  /// `--threshold-for` asks for.
  static func report(_ folder: RunFolder, _ bench: TrainingBench) throws -> EvaluationReport {
    let predictor = try Predictor(
      folder.best, batch: 8, threads: bench.options.threads, limits: bench.options.files.limits)
    let items = bench.split.valid.map { bench.cells.items[$0] }
    let order = try predictor.order(for: bench.cells)
    var answers = try predictor.answers(
      items, order: order, threads: bench.options.threads, turns: bench.options.looks > 1)
    var threshold: Double?
    if let choice = bench.options.thresholdFor, let positive = bench.positive?.index {
      threshold = choice.threshold(
        scores: answers.map { $0.probabilities[positive] }, isPositive: answers.map { $0.actual == positive })
      let decision = ClassDecision(positive: positive, threshold: threshold)
      answers = answers.map {
        Answer(
          path: $0.path, actual: $0.actual, probabilities: $0.probabilities, slide: $0.slide, decision: decision)
      }
    }
    return EvaluationReport(
      classes: bench.cells.classes, answers: answers, positive: bench.positive, threshold: threshold)
  }

  /// The card of the best epoch's network.
  static func card(
    _ report: EvaluationReport, _ bench: TrainingBench, _ settings: RunSettings, _ history: [EpochResult]
  ) -> ModelCard {
    var card = ModelCard(name: settings.architecture, version: Giemsa.version, date: SourceDate.today, report: report)
    card.thresholdFor = settings.thresholdFor
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
    card.averagePrecision = settings.results.averagePrecision
    card.lastAccuracy = history.last?.accuracy
    return card
  }
}
