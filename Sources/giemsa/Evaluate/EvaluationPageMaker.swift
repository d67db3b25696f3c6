import Datasets
import Foundation
import Imaging
import ModelGraph
import PictureModels
import Quantization
import Reports
import Text
import Training

/// A model (or the model of one fold) with its answers.
struct EvaluatedModel {
  /// The run that the model comes from, if known.
  let run: RunFolder?
  let path: String
  /// The index of each of the folder's classes in the model's scores.
  let order: [Int]
  let preprocessing: Preprocessing
  let inputShape: Shape
  let answers: [Answer]
  /// The recorded positive class and the threshold that the answers were decided with.
  private let positive: String?
  private let threshold: Double?

  init(_ predictor: Predictor, run: RunFolder?, order: [Int], answers: [Answer]) {
    self.run = run
    path = predictor.path
    self.order = order
    preprocessing = predictor.preprocessing
    inputShape = predictor.interface.inputShape
    self.answers = answers
    positive = predictor.positive
    threshold = predictor.threshold
  }

  /// The threshold of `positive` that all models share; nil if they have none or several, or if theirs is that of another
  /// class.
  static func threshold(_ models: [EvaluatedModel], _ positive: String?) -> Double? {
    guard let positive, let first = models.first?.threshold else { return nil }
    return models.allSatisfy { $0.threshold == first && $0.positive?.isExactly(positive) ?? false } ? first : nil
  }
}

/// Collects the contents of the report page besides the answers: training curves, the worst mistakes and their heat
/// maps.
struct EvaluationPageMaker {
  let models: [EvaluatedModel]
  let cells: CellFolder
  let positive: PositiveClass?
  let threads: Int
  /// How many of the most confident mistakes are shown.
  let pictures: Int

  /// Minimum number of rows and columns of the activation used for heat maps: smaller ones hardly localise anything. A
  /// ResNet's last activation has 7 at 224 pixels but 2 at 64, where a map with 8 still finds the parasite.
  private static let heatSide = 7

  func page(name: String, facts: [(name: String, value: String)], folds: [FoldResult], warnings: [String]) throws
    -> EvaluationPage
  {
    let report = EvaluationReport(
      classes: cells.classes, answers: models.flatMap { $0.answers }, positive: positive,
      threshold: EvaluatedModel.threshold(models, positive.map { cells.classes[$0.index] }))
    var page = EvaluationPage(title: "Evaluation of \(name)", report: report)
    page.facts = try described() + facts
    page.folds = folds
    page.warnings = warnings
    page.curves = models.compactMap { $0.run?.history() }.filter { !$0.isEmpty }
    (page.losses, page.heatNote) = try losses()
    return page
  }

  private func described() throws -> [(name: String, value: String)] {
    guard let model = models.first else { return [] }
    var facts = [(name: "model", value: models.count == 1 ? model.path : "the best epochs of \(models.count) folds")]
    let metadata = try ModelMetadata(try readModel(model.path).metadata)
    // The run's settings are more complete than the model's metadata, which were written before the last epoch.
    let settings =
      (try? model.run?.read().settings)
      ?? (try? JSONDecoder().decode(RunSettings.self, from: Data(metadata.training.utf8)))
    // For several folds, only the facts that all of them share.
    if let settings { facts += settings.facts.filter { models.count == 1 || $0.name != "epoch" } }
    facts.append(("pictures from", cells.path))
    facts.append(("evaluated with", "Giemsa \(Giemsa.version)"))
    return facts
  }

  // MARK: The most confident mistakes

  private func losses() throws -> (losses: [EvaluationPage.Loss], note: String) {
    var all = models.enumerated().flatMap { number, model in model.answers.map { (model: number, answer: $0) } }
    all.sort { ($1.answer.loss, $0.answer.path) < ($0.answer.loss, $1.answer.path) }
    let chosen = Array(all.prefix(pictures))
    var losses: [String: EvaluationPage.Loss] = [:]
    var note = ""
    for (number, model) in models.enumerated() {
      let answers = chosen.filter { $0.model == number }.map { $0.answer }
      guard !answers.isEmpty else { continue }
      var maps: [TrainingNetwork.ClassActivation] = []
      do { (maps, note) = try heat(model, answers) } catch { note = "No heat maps: \(error)." }
      for (index, answer) in answers.enumerated() {
        let picture = try shown(answer.path, model.preprocessing)
        let over = index < maps.count ? try PNGFile.encode(HeatMap.over(picture, maps[index])) : []
        losses[answer.path] = EvaluationPage.Loss(answer: answer, picture: try PNGFile.encode(picture), heat: over)
      }
    }
    return (chosen.compactMap { losses[$0.answer.path] }, note)
  }

  /// The picture as the network saw it if it was cropped, otherwise the whole picture with at most 160 pixels a side.
  private func shown(_ path: String, _ preprocessing: Preprocessing) throws -> Picture {
    if preprocessing.resize != nil { return preprocessing.prepared(try preprocessing.read(path).picture) }
    let file = try PictureFile(path, preprocessing.reading).picture
    let side = max(file.width, file.height)
    return side <= 160
      ? file : file.resized(width: max(1, file.width * 160 / side), height: max(1, file.height * 160 / side))
  }

  /// Grad-CAM heat maps of each picture's predicted class.
  private func heat(
    _ model: EvaluatedModel, _ answers: [Answer]
  ) throws -> (maps: [TrainingNetwork.ClassActivation], note: String) {
    var graph = try readModel(model.path)
    let isQuantized = graph.isQuantized
    if isQuantized { graph = try graph.dequantized() }
    let batch = 4
    var shape = model.inputShape
    shape[0] = batch
    let network = try TrainingNetwork(graph, inputShape: shape, threads: threads)
    let items = answers.map { CellFolder.Item(path: $0.path, label: $0.actual, slide: "") }
    let loader = BatchLoader(
      items: items, preprocessing: model.preprocessing, augmentation: nil, batchSize: batch, shuffle: false,
      dropLast: false, seed: 0, workers: 1, byteBudget: 0)
    loader.start(epoch: 0)
    var maps: [TrainingNetwork.ClassActivation] = []
    while let next = try loader.next() {
      maps += try network.classActivations(
        next.images, classes: next.indices.map { model.order[answers[$0].predicted] }, side: Self.heatSide)
    }
    guard let first = maps.first else {
      return ([], "No heat maps: the model has no convolutional activation.")
    }
    var note = "Heat maps (Grad-CAM) show which regions speak for the predicted class; brighter means more. "
    note += "They are computed at \(first.layer), the network's last activation"
    if !first.isLast {
      note += " with at least \(Self.heatSide) × \(Self.heatSide) positions (later ones are too coarse)"
    }
    note += ": \(first.rows) × \(first.columns) positions."
    if isQuantized {
      note += " The model is quantised; the maps are those of the dequantised float network."
    }
    return (maps, note)
  }
}

extension RunSettings {
  /// The settings as rows of text, for the report page and the model card.
  var facts: [(name: String, value: String)] {
    var recipe =
      "\(counted(epochs, "epoch")), batch size \(batch), \(optimizer), maximum rate \(RatePlot.text(rate)), \(schedule)"
    recipe += ", weight decay \(NumberText.shortest(weightDecay)), augmentation \(augmentation)"
    if let centering { recipe += ", colours centred on the mean of each \(centering)" }
    if let precision { recipe += ", convolutions in \(precision)" }
    if let mixup { recipe += ", mixup \(NumberText.shortest(mixup))" }
    if let labelSmoothing { recipe += ", label smoothing \(NumberText.shortest(labelSmoothing))" }
    if let classWeights {
      recipe += ", class weights \(classWeights.map { NumberText.shortest($0) }.joined(separator: ", "))"
    }
    if let draws {
      let named = zip(classes, draws).map { "\($0) \($1)" }.joined(separator: ", ")
      recipe += ", draws per epoch: \(named)"
    }
    if let frozen { recipe += ", frozen: \(frozen)" }
    var part = "\(split), seed \(seed)"
    if let folds { part = "\(folds) folds by slide, seed \(seed)" }
    var facts = [
      ("network", "\(architecture), \(size) × \(size) pixels" + (start.map { ", initialised from \($0)" } ?? "")),
      ("trained on", "\(counted(trainCount, "cell")), \(validCount) for validation (\(part))"), ("recipe", recipe),
    ]
    if let best = results.bestEpoch { facts.append(("epoch", "\(best), of \(results.epochsDone) (counted from 0)")) }
    return facts
  }
}
