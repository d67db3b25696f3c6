import ArgumentParser
import Datasets
import Foundation
import Imaging
import ModelGraph
import PictureModels
import Reports
import Text
import Training

/// One training run, from the folder of pictures to the last saved file.
final class TrainingSession {
  private let recipe: Recipe
  let bench: TrainingBench
  /// nil if this process trains alone. All ranks run the same code here, but only rank 0 writes files.
  let ranks: MPIRanks?
  let folder: RunFolder
  let network: TrainingNetwork
  let schedules: [OneCycle]
  let line: TrainingProgress
  private(set) var progress: RunProgress
  private(set) var hasCleared = false
  /// Whether this process has done a training step.
  private(set) var hasTrained = false
  private var saving = SavingPace()
  private let runLog: RunLog?
  /// Seconds of training in this process, and of those, seconds waiting for pictures.
  private var times = (training: 0.0, waiting: 0.0)
  /// When the last step ended.
  private(set) var stepDate = Date.distantPast

  var isFirst: Bool { ranks?.rank ?? 0 == 0 }
  var settings: RunSettings { progress.settings }
  private var trainLoader: BatchLoader { bench.trainLoader }
  var validLoader: BatchLoader { bench.validLoader }
  /// The run's folder as the user named it.
  var out: String { recipe.output.folder }

  /// Finds all errors in options and data before the first step.
  init(_ recipe: Recipe, ranks: MPIRanks? = nil) throws {
    self.recipe = recipe
    self.ranks = ranks
    var prepared: Prepared
    do {
      prepared = try Prepared(recipe, ranks)
    } catch {
      try ranks?.settle(error)
      throw error
    }
    if let ranks {
      do {
        try ranks.settle(nil)
        try prepared.meet(ranks)
      } catch {
        if ranks.rank == 0 { prepared.folder.removeIfEmpty() }
        throw error
      }
    }
    (bench, folder, network) = (prepared.bench, prepared.folder, prepared.network)
    progress = prepared.progress
    hasCleared = prepared.isResumed
    let steps = bench.trainLoader.batchesPerEpoch
    if recipe.rate == .auto, !hasCleared {
      do {
        let found = try RateFinding(try bench.search(network))
        complain("--lr auto: \(RatePlot.text(found.valley))")
        if let rates = recipe.searched(found.valley).rates { progress.settings.set(rates) }
      } catch {
        if ranks?.rank ?? 0 == 0 { folder.removeIfEmpty() }
        throw error
      }
    }
    let chosen = progress.settings.rates ?? [Double](repeating: progress.settings.rate, count: LayerGroups.count)
    schedules = chosen.map {
      var schedule = OneCycle(maximumRate: Float($0), steps: recipe.epochs * steps)
      if let climb = recipe.climb { schedule.climb = climb }
      if let divisor = recipe.startDivisor { schedule.startDivisor = divisor }
      return schedule
    }
    let log = ranks?.rank ?? 0 == 0 ? recipe.output.log : nil
    runLog = log.map { [folder, progress, network, hasCleared] in
      RunLog($0, folder.path, isAtOnce: hasCleared || !RunFolder.exists(folder.path)) { line in
        hasCleared && (line.isEpoch ? line.epoch < progress.epoch : line.step <= network.stepCount)
      }
    }
    line = TrainingProgress(
      epochs: recipe.epochs, trainSteps: steps, validSteps: bench.validLoader.batchesPerEpoch, batch: bench.batch)
  }

  func run() throws {
    // The closure keeps this object alive until the program ends.
    ranks?.rescue = { self.rescue() }
    bench.describe(
      "\(counted(recipe.epochs, "epoch")) of \(counted(trainLoader.batchesPerEpoch, "step"))", network)
    if hasCleared { complain("resumed in epoch \(progress.epoch) after \(counted(network.stepCount, "step"))") }
    let interruption = Interruption(listens: ranks == nil)
    show(EpochTable.header + "\n")
    for result in progress.history { show(EpochTable.line(result) + "\n") }
    while progress.epoch < recipe.epochs, !isOutOfPatience {
      let started = ContinuousClock.now
      guard let (trainLoss, pace, waiting) = try train(interruption) else { return try stop() }
      guard let valid = try validate(interruption) else { return try stop() }
      let result = EpochResult(
        epoch: progress.epoch, trainLoss: trainLoss, validLoss: valid.loss, accuracy: valid.accuracy,
        averagePrecision: valid.averagePrecision,
        seconds: (ContinuousClock.now - started).seconds, picturesPerSecond: pace, waiting: waiting)
      // Before the state that knows of the epoch.
      runLog?.write(LogLine(result, step: network.stepCount))
      try finish(result)
      try compareRanks()
      line.erase()
      show(EpochTable.line(result) + "\n")
      if interruption.isAsked, progress.epoch < recipe.epochs { return try stop() }
    }
    if progress.epoch < recipe.epochs {
      complain(
        "stopped early: no better epoch for \(counted(progress.history.count - bestEpoch - 1, "epoch"))")
    }
    if times.training > 0 {
      let share = NumberText.fixed(times.waiting / times.training * 100, 1)
      complain("waited for pictures \(share) % of the training time")
    }
    if let ranks, ranks.count > 1 { complain("all \(counted(ranks.count, "rank")) have the same weights") }
    guard isFirst else { return }
    // The settings and the state record the threshold, so it is chosen before they are written.
    let report = hasTrained || folder.card() == nil ? judged() : nil
    try saveState()
    try saveLast()
    if !progress.best.isEmpty { try folder.checkBest(progress.best) }
    if let report { writeCard(report) }
    if let best = settings.results.bestEpoch, let accuracy = settings.results.accuracy {
      let precision = settings.results.averagePrecision.map { ", average precision \(NumberText.fixed($0, 4))" } ?? ""
      complain("best: epoch \(best), accuracy \(NumberText.fixed(accuracy, 4))\(precision); saved as \(folder.best)")
      complain(report?.toldPositive ?? PositiveClass.told(bench.positive, of: bench.cells.classes))
      if !recipe.isOneOfFolds {
        complain("next: giemsa evaluate \(out) \(recipe.options.data); giemsa export \(out) --out FILE.onnx")
      }
    }
    // The network is saved and other folds and stages may follow: only the exit status reports a failed log.
    runLog?.finish()
    if runLog?.hasFailed ?? false { Missing.note() }
  }

  private var bestEpoch: Int { settings.results.bestEpoch ?? 0 }

  private var isOutOfPatience: Bool {
    guard let patience = recipe.patience, progress.step == 0 else { return false }
    return progress.history.count - bestEpoch > patience
  }

  /// Does the remaining steps of the epoch. Returns the mean loss of the whole epoch, pictures per second and the fraction of
  /// the time spent waiting for pictures; nil after Ctrl-C.
  private func train(_ interruption: Interruption) throws -> (loss: Double, pace: Double, waiting: Double)? {
    let started = ContinuousClock.now
    let before = progress.step
    var waited = 0.0
    trainLoader.start(epoch: progress.epoch, at: progress.step)
    while true {
      let asked = ContinuousClock.now
      guard let next = try trainLoader.next() else { break }
      let waiting = (ContinuousClock.now - asked).seconds
      waited += waiting
      let now = schedules.map { $0.values(at: network.stepCount) }
      let loss: Float
      do {
        loss = try network.step(
          images: next.images, targets: bench.targets(next), optimizer: bench.optimizer, rates: now.map { $0.rate },
          momentum: now[0].momentum)
      } catch {
        if ranks?.isBroken ?? false { throw RankLost() }
        if case TrainingError.lossNotFinite? = error as? TrainingError { throw diverged() }
        throw error
      }
      progress.lossSum += Double(loss)
      progress.step += 1
      hasTrained = true
      stepDate = Date()
      line.update(progress.epoch, .train, progress.step, loss: Double(loss))
      if let runLog {
        let seconds = (ContinuousClock.now - asked).seconds
        runLog.write(
          LogLine(
            epoch: progress.epoch, step: network.stepCount, loss: Double(loss), rate: Double(now.last?.rate ?? 0),
            seconds: seconds, picturesPerSecond: Double(bench.batch) / max(seconds, 1e-9),
            waiting: waiting / max(seconds, 1e-9)))
      }
      if interruption.isAsked { return nil }
      if ranks?.isBroken ?? false { throw RankLost() }
      if let every = recipe.output.saveEvery {
        if network.stepCount % every == 0 { try saveState() }
      } else if saving.isDueWithinEpoch || ranks != nil && !saving.hasSaved {
        // With several ranks a loss is likely: the first step is saved at once, so that there is a state to resume.
        try saveState()
      }
    }
    let seconds = (ContinuousClock.now - started).seconds
    times.training += seconds
    times.waiting += waited
    let done = Double((progress.step - before) * bench.batch)
    return (progress.lossSum / Double(max(progress.step, 1)), done / max(seconds, 1e-9), waited / max(seconds, 1e-9))
  }

  /// Records the results of an epoch, saves what is due and begins the next epoch.
  private func finish(_ result: EpochResult) throws {
    // By loss, as in fastai's SaveModelCallback: accuracy on a few hundred pictures is noisy and often ties.
    let isBest = EpochResult.best(of: progress.history).map { result.isBetter(than: $0) } ?? true
    progress.history.append(result)
    progress.settings.results.epochsDone = result.epoch + 1
    progress.epoch += 1
    progress.step = 0
    progress.lossSum = 0
    if isBest {
      progress.settings.results.bestEpoch = result.epoch
      progress.settings.results.accuracy = result.accuracy
      progress.settings.results.validLoss = result.validLoss
      progress.settings.results.averagePrecision = result.averagePrecision
      if isFirst {
        try writeModel(try network.graph().described(by: bench.metadata, try settings.record()), to: folder.best)
        progress.best = try folder.bestHash()
      }
    }
    clearOnce(butFor: folder.best)
    guard isFirst else { return }
    if progress.epoch < recipe.epochs, recipe.output.saveEvery == nil ? saving.isDue : false { try saveState() }
    // Before the first state there is no run to resume: its texts would describe nothing.
    if saving.hasSaved { try writeTexts() }
  }

  private func saveState() throws {
    guard isFirst else { return }
    let started = ContinuousClock.now
    runLog?.flush()
    try folder.write(state: network, progress)
    clearOnce(butFor: folder.stateFile)
    let isFirst = !saving.hasSaved
    saving.saved(since: started)
    if isFirst { try writeTexts() }
  }

  func saveLast() throws {
    try writeModel(try network.graph().described(by: bench.metadata, try settings.record()), to: folder.last)
    try writeTexts()
  }

  /// After Ctrl-C: saves and ends with exit status 130.
  private func stop() throws {
    line.erase()
    try saveState()
    try saveLast()
    complain(
      "giemsa: stopped in epoch \(progress.epoch) after \(counted(network.stepCount, "step")); saved in \(out) "
        + "(continue with the same command and --resume)")
    throw ExitCode(130)
  }

  private func writeTexts() throws {
    try folder.write(history: progress.history)
    try folder.write(pictures: bench.pictures)
    let data = URL(filePath: recipe.options.data).standardizedFileURL.path
    try folder.write(RunFile(settings: settings, data: data, valid: bench.validation))
  }

  /// The best network's answers for the validation pictures; their threshold and rates become part of the results. The
  /// run is complete without them and the card: a failure is reported and does not stop the program.
  private func judged() -> EvaluationReport? {
    do {
      let report = try CardMaker.report(folder, bench)
      progress.settings.results.threshold = report.threshold
      if let positive = report.positive {
        let (sensitivity, specificity) = report.observed(positive.index)
        progress.settings.results.sensitivity = [sensitivity.hits, sensitivity.count]
        progress.settings.results.specificity = [specificity.hits, specificity.count]
      }
      return report
    } catch {
      complain("giemsa: no \(out)/card.md: \(error)")
      Missing.note()
      return nil
    }
  }

  private func writeCard(_ report: EvaluationReport) {
    do {
      try folder.write(card: CardMaker.card(report, bench, settings, progress.history))
    } catch {
      complain("giemsa: no \(out)/card.md: \(error)")
      Missing.note()
    }
  }

  /// Removes an earlier run once there is a file to replace it. If the disk is full, the earlier run stays.
  ///
  /// - Parameter kept: the new file.
  func clearOnce(butFor kept: String? = nil) {
    guard isFirst else { return }
    if !hasCleared { folder.clear(butFor: [kept, runLog?.file].compactMap { $0 }) }
    hasCleared = true
    runLog?.begin()
  }
}
