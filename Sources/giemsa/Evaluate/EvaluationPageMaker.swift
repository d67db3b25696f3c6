import Datasets
import Foundation
import Imaging
import ModelGraph
import PictureModels
import Quantization
import Reports
import Text
import Training

/// A model, or one fold's, and what it said.
struct JudgedModel {
  /// The run, where one is known.
  let run: RunFolder?
  let path: String
  /// For each class of the folder, its place in the model's scores.
  let order: [Int]
  let preprocessing: Preprocessing
  let inputShape: Shape
  let answers: [Answer]

  init(_ predictor: Predictor, run: RunFolder?, order: [Int], answers: [Answer]) {
    self.run = run
    path = predictor.path
    self.order = order
    preprocessing = predictor.preprocessing
    inputShape = predictor.classifier.inputShape
    self.answers = answers
  }
}

/// Gathers what the report's page shows beyond the answers: training, the worst pictures, their heat maps.
struct EvaluationPageMaker {
  let models: [JudgedModel]
  let cells: CellFolder
  let positive: PositiveClass?
  let threads: Int
  /// Of the surest mistakes, how many are shown.
  let pictures: Int

  /// Activations of fewer rows and columns tell next to nothing about where. A ResNet's last has 7 at 224 pixels; at 64
  /// it has 2, and the parasite is found with 8.
  private static let heatSide = 7

  func page(name: String, facts: [(name: String, value: String)], folds: [FoldResult], warnings: [String]) throws
    -> EvaluationPage
  {
    let report = EvaluationReport(classes: cells.classes, answers: models.flatMap { $0.answers }, positive: positive)
    var page = EvaluationPage(title: "How good is \(name)?", report: report)
    page.facts = try described() + facts
    page.folds = folds
    page.warnings = warnings
    page.curves = models.compactMap { $0.run?.history() }.filter { !$0.isEmpty }
    (page.losses, page.heatNote) = try losses()
    return page
  }

  private func described() throws -> [(name: String, value: String)] {
    guard let model = models.first else { return [] }
    var facts = [(name: "model", value: models.count == 1 ? model.path : "\(models.count) folds' best epochs")]
    let metadata = try ModelMetadata(try readModel(model.path).metadata)
    // The run knows more than its model, which was written before the last epoch.
    let settings =
      (try? model.run?.read().settings)
      ?? (try? JSONDecoder().decode(RunSettings.self, from: Data(metadata.training.utf8)))
    // Of folds only what they have in common.
    if let settings { facts += settings.facts.filter { models.count == 1 || $0.name != "epoch" } }
    facts.append(("pictures from", cells.path))
    facts.append(("judged with", "Giemsa \(Giemsa.version)"))
    return facts
  }

  // MARK: The surest mistakes

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
      do { (maps, note) = try heat(model, answers) } catch { note = "There are no heat maps: \(error)." }
      for (index, answer) in answers.enumerated() {
        let picture = try shown(answer.path, model.preprocessing)
        let over = index < maps.count ? try PNGFile.encode(HeatMap.over(picture, maps[index])) : []
        losses[answer.path] = EvaluationPage.Loss(answer: answer, picture: try PNGFile.encode(picture), heat: over)
      }
    }
    return (chosen.compactMap { losses[$0.answer.path] }, note)
  }

  /// What the network was shown of it; where that is all of it, the picture itself in at most 160 pixels.
  private func shown(_ path: String, _ preprocessing: Preprocessing) throws -> Picture {
    let file = try PNGFile.read(path)
    if preprocessing.resize != nil { return preprocessing.prepared(file) }
    let side = max(file.width, file.height)
    return side <= 160
      ? file : file.resized(width: max(1, file.width * 160 / side), height: max(1, file.height * 160 / side))
  }

  /// For what each picture was taken for.
  private func heat(
    _ model: JudgedModel, _ answers: [Answer]
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
      return ([], "There are no heat maps: the model has no convolutional activation.")
    }
    var note = "Heat maps (Grad-CAM) show where the class that a cell was taken for was seen, bright where most. "
    note += "They are taken at \(first.layer), the network's last activation"
    if !first.isLast { note += " with at least \(Self.heatSide) × \(Self.heatSide) places (later ones are too coarse)" }
    note += ": \(first.rows) × \(first.columns) places."
    if isQuantized {
      note += " The model is quantised: they are those of the float network that its numbers stand for."
    }
    return (maps, note)
  }
}

extension RunSettings {
  /// In words, for a page.
  var facts: [(name: String, value: String)] {
    var recipe =
      "\(counted(epochs, "epoch")) of batches of \(batch), \(optimizer), highest rate \(RatePlot.text(rate)), \(schedule)"
    recipe += ", weight decay \(NumberText.shortest(weightDecay)), augmentation \(augmentation)"
    if let centering { recipe += ", colours centred on each \(centering)'s own" }
    if let precision { recipe += ", products in \(precision)" }
    if let mixup { recipe += ", mixup \(NumberText.shortest(mixup))" }
    if let labelSmoothing { recipe += ", label smoothing \(NumberText.shortest(labelSmoothing))" }
    if let classWeights {
      recipe += ", class weights \(classWeights.map { NumberText.shortest($0) }.joined(separator: ", "))"
    }
    if let frozen { recipe += ", frozen: \(frozen)" }
    var kept = "\(split), seed \(seed)"
    if let folds { kept = "\(folds) folds by slide, seed \(seed)" }
    var facts = [
      ("network", "\(architecture), \(size) × \(size) pixels" + (start.map { ", begun with \($0)" } ?? "")),
      ("trained on", "\(counted(trainCount, "cell")), \(validCount) kept back (\(kept))"), ("recipe", recipe),
    ]
    if let best = results.bestEpoch { facts.append(("epoch", "\(best), of \(results.epochsDone) (counted from 0)")) }
    return facts
  }
}
