import ArgumentParser
import Datasets
import Foundation
import Imaging
import ModelGraph
import PictureModels
import Reports
import Text
import Training

/// One run of training, from the folder of pictures to the last file saved.
final class TrainingSession {
  private let recipe: Recipe
  private let bench: TrainingBench
  /// nil: this process trains alone. Else all ranks do the same here, but rank 0 alone touches files.
  private let ranks: MPIRanks?
  private let folder: RunFolder
  private let network: TrainingNetwork
  private let schedules: [OneCycle]
  private let line: TrainingProgress
  private var progress: RunProgress
  private var hasCleared = false
  /// Whether a step was done since the program began.
  private var hasTrained = false
  private var saving = SavingPace()
  private let runLog: RunLog?
  /// Seconds of training since the program began, and of those, waiting for pictures.
  private var times = (training: 0.0, waiting: 0.0)
  /// When the last step was done.
  private var stepDate = Date.distantPast

  private var isFirst: Bool { ranks?.rank ?? 0 == 0 }
  private var settings: RunSettings { progress.settings }
  private var trainLoader: BatchLoader { bench.trainLoader }
  private var validLoader: BatchLoader { bench.validLoader }
  /// The run's folder as it was named.
  private var out: String { recipe.output.folder }

  /// Everything that can be wrong is found here, before the first step.
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
    // It keeps this object alive as long as it may be needed: to the program's end.
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
      guard let (validLoss, accuracy) = try validate(interruption) else { return try stop() }
      let result = EpochResult(
        epoch: progress.epoch, trainLoss: trainLoss, validLoss: validLoss, accuracy: accuracy,
        seconds: (ContinuousClock.now - started).seconds, picturesPerSecond: pace, waiting: waiting)
      try finish(result)
      try compareRanks()
      runLog?.write(LogLine(result, step: network.stepCount))
      line.erase()
      show(EpochTable.line(result) + "\n")
      if interruption.isAsked, progress.epoch < recipe.epochs { return try stop() }
    }
    if progress.epoch < recipe.epochs {
      complain(
        "stopped early: no better validation loss for \(counted(progress.history.count - bestEpoch - 1, "epoch"))")
    }
    if times.training > 0 {
      let share = NumberText.fixed(times.waiting / times.training * 100, 1)
      complain("waited for pictures \(share) % of the training time")
    }
    if let ranks, ranks.count > 1 { complain("all \(counted(ranks.count, "rank")) have the same weights") }
    guard isFirst else { return }
    try saveState()
    try saveLast()
    if !progress.best.isEmpty { try folder.checkBest(progress.best) }
    if hasTrained || folder.card() == nil { writeCard() }
    if let best = settings.results.bestEpoch, let accuracy = settings.results.accuracy {
      complain("best: epoch \(best), accuracy \(NumberText.fixed(accuracy, 4)); saved as \(folder.best)")
      complain(PositiveClass.told(bench.positive, of: bench.cells.classes))
      if !recipe.isOneOfFolds {
        complain("next: giemsa evaluate \(out) \(recipe.options.data); giemsa export \(out) --out FILE.onnx")
      }
    }
    // The network is saved, and other folds and stages follow; the program's status tells.
    if runLog?.hasFailed ?? false { Missing.note() }
  }

  private var bestEpoch: Int { settings.results.bestEpoch ?? 0 }

  private var isOutOfPatience: Bool {
    guard let patience = recipe.patience, progress.step == 0 else { return false }
    return progress.history.count - bestEpoch > patience
  }

  /// What is left of the epoch's steps: mean loss of all of them, pictures per second and the share of the time that was
  /// spent waiting for pictures; nil when Ctrl-C came.
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
        // Not `catch where`: in a loop that sends Swift 6.3.1 into an endless one of its own.
        throw error.code == .notFinite ? diverged() : error as any Error
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
        // Of several ranks one is easily lost: after the first step there is something to go on from, whoever it is.
        try saveState()
      }
    }
    let seconds = (ContinuousClock.now - started).seconds
    times.training += seconds
    times.waiting += waited
    let done = Double((progress.step - before) * bench.batch)
    return (progress.lossSum / Double(max(progress.step, 1)), done / max(seconds, 1e-9), waited / max(seconds, 1e-9))
  }

  /// Mean cross-entropy and accuracy on what was kept back; nil when Ctrl-C came.
  private func validate(_ interruption: Interruption) throws -> (loss: Double, accuracy: Double)? {
    var loss = 0.0
    var correct = 0
    var steps = 0
    validLoader.start(epoch: progress.epoch)
    while let next = try validLoader.next() {
      let classes = bench.cells.classes.count
      // A last batch can be so small that a rank has nothing of it.
      let logits = next.labels.isEmpty ? try Tensor([], [Float(0)]) : try network.logits(next.images)
      logits.withElements(Float.self) { scores in
        for (index, label) in next.labels.enumerated() {
          let row = scores[(index * classes)..<((index + 1) * classes)].map { Double($0) }
          // An accuracy of such scores would look like one.
          if !row.allSatisfy({ $0.isFinite }) { loss = .nan }
          let most = row.max() ?? 0
          loss += log(row.reduce(0) { $0 + exp($1 - most) }) + most - row[Int(label)]
          if row.firstIndex(of: most) == Int(label) { correct += 1 }
        }
      }
      steps += 1
      line.update(progress.epoch, .valid, steps, loss: .nan)
      if interruption.isAsked, steps < validLoader.batchesPerEpoch { return nil }
    }
    if let ranks {
      var sums = [loss, Double(correct)]
      ranks.sum(&sums)
      if ranks.isBroken { throw RankLost() }
      (loss, correct) = (sums[0], Int(sums[1]))
    }
    let count = Double(bench.split.valid.count)
    // Weights can overflow in an epoch's last step, which no training step sees any more.
    guard loss.isFinite else { throw diverged() }
    return (loss / count, Double(correct) / count)
  }

  /// Notes an epoch's results, saves what is due, and turns to the next epoch.
  private func finish(_ result: EpochResult) throws {
    // By loss, as fastai's SaveModelCallback: accuracy on a few hundred pictures ties and jumps, the loss tells more.
    let isBest = progress.history.allSatisfy { result.validLoss < $0.validLoss }
    progress.history.append(result)
    progress.settings.results.epochsDone = result.epoch + 1
    progress.epoch += 1
    progress.step = 0
    progress.lossSum = 0
    if isBest {
      progress.settings.results.bestEpoch = result.epoch
      progress.settings.results.accuracy = result.accuracy
      progress.settings.results.validLoss = result.validLoss
      if isFirst {
        try writeModel(try network.graph().described(by: bench.metadata, try settings.record()), to: folder.best)
        progress.best = try folder.bestHash()
      }
    }
    clearOnce(butFor: folder.best)
    guard isFirst else { return }
    if progress.epoch < recipe.epochs, recipe.output.saveEvery == nil ? saving.isDue : false { try saveState() }
    // Before the first state there is nothing to resume, and so no run that texts could tell of.
    if saving.hasSaved { try writeTexts() }
  }

  private func saveState() throws {
    guard isFirst else { return }
    let started = ContinuousClock.now
    try folder.write(state: network, progress)
    clearOnce(butFor: folder.stateFile)
    let isFirst = !saving.hasSaved
    saving.saved(since: started)
    if isFirst { try writeTexts() }
  }

  private func saveLast() throws {
    try writeModel(try network.graph().described(by: bench.metadata, try settings.record()), to: folder.last)
    try writeTexts()
  }

  /// After Ctrl-C: what there is, saved; exit status 130.
  private func stop() throws {
    line.erase()
    try saveState()
    try saveLast()
    complain(
      "giemsa: stopped in epoch \(progress.epoch) after \(counted(network.stepCount, "step")); saved in \(out) "
        + "(go on: the same command with --resume)")
    throw ExitCode(130)
  }

  private func writeTexts() throws {
    try folder.write(history: progress.history)
    try folder.write(pictures: bench.pictures)
    let data = URL(filePath: recipe.options.data).standardizedFileURL.path
    try folder.write(RunFile(settings: settings, data: data, valid: bench.keptBack))
  }

  /// The run is whole without it: what is wrong is told, and nothing more.
  private func writeCard() {
    do {
      try folder.write(card: try CardMaker.card(folder, bench, settings, progress.history))
    } catch {
      complain("giemsa: no \(out)/card.md: \(error)")
      Missing.note()
    }
  }

  /// An earlier run goes once there is a file to put in its place: a full disk, and it stays.
  ///
  /// - Parameter kept: that file.
  private func clearOnce(butFor kept: String? = nil) {
    guard isFirst else { return }
    if !hasCleared { folder.clear(butFor: [kept, runLog?.file].compactMap { $0 }) }
    hasCleared = true
    runLog?.begin()
  }

  private func diverged() -> CommonFailure {
    line.erase()
    let saved = settings.results.bestEpoch.map { " Epoch \($0) is saved in \(out)." } ?? ""
    if saved.isEmpty, isFirst { folder.removeIfEmpty() }
    // The step before is the one that did it: its weights are the ones that fail.
    let rate = schedules.last?.values(at: max(network.stepCount - 1, 0)).rate ?? 0
    let cause = network.largestGradient.map {
      let size = $0.size.isNaN ? "not a number" : String(format: "%.3g", $0.size)
      return "; the step before had a rate of \(String(format: "%.3g", rate)) and its largest gradient, \(size), in "
        + $0.parameter
    }
    return CommonFailure(
      "the loss is no longer a number (epoch \(progress.epoch), step \(network.stepCount + 1)\(cause ?? "")): "
        + "lower --lr, now \(settings.rate).\(saved)")
  }
}

// MARK: Several ranks

extension TrainingSession {
  /// All ranks must have come to the same weights. They do, unless a processor or a library computes otherwise.
  private func compareRanks() throws {
    guard let ranks, ranks.count > 1 else { return }
    let own = network.fingerprint
    // Halves, so that a double holds them.
    let halves = [Double(own >> 32), Double(own & 0xFFFF_FFFF)]
    var sums = ranks.rank == 0 ? halves : [0, 0]
    ranks.sum(&sums)
    var differing = [sums == halves ? 0 : 1.0]
    ranks.sum(&differing)
    if ranks.isBroken { throw RankLost() }
    guard differing[0] == 0 else {
      throw CommonFailure("the ranks have come to different weights: do they run the same giemsa on like processors?")
    }
  }

  /// After another rank was lost: one of those left saves what they all had come to, and the program ends.
  ///
  /// A step that was under way counts for nothing (``TrainingNetwork`` changes nothing before it is whole). mpirun leaves
  /// little time, a second unless told otherwise: the state goes first, and does not wait for the disk.
  ///
  /// Called while the thread that trains stands between two steps or waits for the others in one.
  private func rescue() -> Never {
    guard let ranks else { _exit(1) }
    guard ranks.isKeeper else {
      // Where nobody ends the ranks yet, the one who saves comes first.
      if ranks.loss != .told, ranks.loss != .orphaned { sleep(60) }
      ranks.endAfterLoss()
    }
    line.erase()
    let place = "\(ranks.lossText) in epoch \(progress.epoch) after \(counted(network.stepCount, "step"))"
    do {
      if isFirst, hasTrained { clearOnce() }
      // Rank 0 may have saved before it ended.
      if hasTrained, isFirst || !folder.hasState(since: stepDate) {
        try folder.write(state: network, progress, isUrgent: true)
      }
      let saved = hasTrained || hasCleared
      complainAsRank(
        "giemsa: \(place); "
          + (saved ? "saved in \(out) (go on: the same command with --resume)" : "there was nothing to save yet"))
      if saved {
        folder.flushState()
        try saveLast()
      }
    } catch {
      complainAsRank("giemsa: \(place), and then: \(error)")
    }
    ranks.endAfterLoss()
  }
}

/// When to write the state, three times the model's size: often enough to lose little, seldom enough to cost at most a
/// twentieth of the time.
private struct SavingPace {
  private(set) var hasSaved = false
  private var last = ContinuousClock.now
  private var cost = Duration.zero

  /// At an epoch's end.
  var isDue: Bool { !hasSaved || ContinuousClock.now - last > cost * 20 }
  /// Between two steps of an epoch.
  var isDueWithinEpoch: Bool { ContinuousClock.now - last > max(cost * 20, .seconds(60)) }

  mutating func saved(since start: ContinuousClock.Instant) {
    hasSaved = true
    last = .now
    cost = last - start
  }
}

extension Graph {
  /// With what a classifier of pictures says of itself.
  func described(by metadata: ModelMetadata, _ record: String) -> Graph {
    var metadata = metadata
    metadata.training = record
    var graph = self
    graph.metadata = graph.metadata.filter { !$0.key.hasPrefix("giemsa.") } + metadata.entries
    return graph
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
