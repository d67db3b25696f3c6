import ArgumentParser
import Datasets
import Foundation
import Imaging
import ModelGraph
import Reports
import Training

/// One run of training, from the folder of pictures to the last file saved.
final class TrainingSession {
  private let options: TrainingOptions
  private let recipe: Recipe
  private let cells: CellFolder
  private let split: Split
  private let folder: RunFolder
  private let metadata: ModelMetadata
  private let network: TrainingNetwork
  private let optimizer: Optimizer
  private let schedule: OneCycle
  private let trainLoader: BatchLoader
  private let validLoader: BatchLoader
  private let batch: Int
  private let line: TrainingProgress
  private var progress: RunProgress
  private var hasCleared = false
  private var saving = SavingPace()

  private var settings: RunSettings { progress.settings }

  /// Everything that can be wrong is found here, before the first step.
  init(_ recipe: Recipe) throws {
    self.recipe = recipe
    options = recipe.options
    cells = try CellFolder(options.data)
    split = try Split(cells, kind: options.split, validFraction: options.valid, seed: options.seed)
    let start = try StartingPoint(options, classes: cells.classes)
    metadata = start.metadata
    batch = min(options.batch, split.train.count)
    let settings = RunSettings(
      architecture: start.name, head: options.from == nil ? options.head.rawValue : "", classes: cells.classes,
      size: options.size, mean: metadata.mean, std: metadata.std, epochs: recipe.epochs, batch: batch,
      rate: recipe.rate, optimizer: options.optimizer.rawValue, weightDecay: options.weightDecay,
      augmentation: options.augment.rawValue, split: options.split.rawValue, validFraction: options.valid,
      seed: options.seed, threads: options.threads, trainCount: split.train.count, validCount: split.valid.count)
    let names = (split.train + [-1] + split.valid).map { [cells] in $0 < 0 ? "" : cells.name(of: cells.items[$0]) }
    progress = RunProgress(settings: settings, pictures: names.fingerprint)

    let (out, output) = (recipe.output.out, recipe.output)
    folder = try RunFolder.make(out, overwrite: output.overwrite, resume: output.resume)
    var state = output.resume ? try folder.state() : nil
    if let state {
      let saved = try folder.progress(in: state)
      if let difference = try saved.difference(to: settings, pictures: progress.pictures) {
        throw CommandFailure("\(out): \(difference); --resume needs the same. Or name another --out")
      }
      progress = saved
      hasCleared = true
    }
    do {
      let shape = Shape([batch, 3, options.size, options.size])
      let preprocessing = try Preprocessing(metadata, inputShape: shape)
      let workers = min(options.threads, 2)
      trainLoader = BatchLoader(
        items: split.train.map { [cells] in cells.items[$0] }, preprocessing: preprocessing,
        augmentation: options.augment.augmentation, batchSize: batch, shuffle: true, dropLast: true,
        seed: options.seed, workers: workers)
      validLoader = BatchLoader(
        items: split.valid.map { [cells] in cells.items[$0] }, preprocessing: preprocessing, augmentation: nil,
        batchSize: batch, shuffle: false, dropLast: false, seed: options.seed, workers: workers)
      network = try TrainingNetwork(
        start.graph, inputShape: shape, threads: options.threads, seed: options.seed)
      if let bytes = state {
        do { try network.restore(bytes) } catch { throw CommandFailure("\(out)/last.state: \(error)") }
        state = nil
      }
      try trainLoader.preload()
      try validLoader.preload()
    } catch {
      folder.removeIfEmpty()
      throw error
    }
    folder.clearUnfinished()
    optimizer =
      switch options.optimizer {
      case .adamw: .adamW(weightDecay: Float(options.weightDecay))
      case .sgd: .sgd(weightDecay: Float(options.weightDecay))
      }
    schedule = OneCycle(maximumRate: Float(recipe.rate), steps: recipe.epochs * trainLoader.batchesPerEpoch)
    line = TrainingProgress(
      epochs: recipe.epochs, trainSteps: trainLoader.batchesPerEpoch, validSteps: validLoader.batchesPerEpoch,
      batch: batch)
  }

  func run() throws {
    let counts = zip(cells.classes, cells.counts).map { "\($0) \($1)" }.joined(separator: ", ")
    complain("\(cells.items.count) pictures (\(counts)); \(split.valid.count) kept back (\(options.split.rawValue))")
    let steps = trainLoader.batchesPerEpoch
    complain(
      "\(settings.architecture), \(options.size) × \(options.size) pixels, \(recipe.epochs) epochs of \(steps) steps "
        + "of \(batch) pictures; \(options.threads) threads, \(network.instructionSet)")
    if hasCleared { complain("resumed in epoch \(progress.epoch) after \(network.stepCount) steps") }
    let interruption = Interruption()
    show(EpochTable.header + "\n")
    for result in progress.history { show(EpochTable.line(result) + "\n") }
    while progress.epoch < recipe.epochs {
      let started = ContinuousClock.now
      guard let (trainLoss, pace) = try train(interruption) else { return try stop() }
      guard let (validLoss, accuracy) = try validate(interruption) else { return try stop() }
      let result = EpochResult(
        epoch: progress.epoch, trainLoss: trainLoss, validLoss: validLoss, accuracy: accuracy,
        seconds: (ContinuousClock.now - started).seconds, picturesPerSecond: pace)
      try finish(result)
      line.erase()
      show(EpochTable.line(result) + "\n")
      if interruption.isAsked, progress.epoch < recipe.epochs { return try stop() }
    }
    try saveState()
    try saveLast()
    if let best = settings.results.bestEpoch, let accuracy = settings.results.accuracy {
      let out = recipe.output.out
      complain("best: epoch \(best), accuracy \(NumberText.fixed(accuracy, 4)); saved as \(folder.best)")
      complain("next: giemsa evaluate \(out) \(options.data); giemsa export \(out) --out FILE.onnx")
    }
  }

  /// What is left of the epoch's steps: mean loss of all of them and pictures per second; nil when Ctrl-C came.
  private func train(_ interruption: Interruption) throws -> (loss: Double, pace: Double)? {
    let started = ContinuousClock.now
    let before = progress.step
    trainLoader.start(epoch: progress.epoch, at: progress.step)
    while let next = try trainLoader.next() {
      let (rate, momentum) = schedule.values(at: network.stepCount)
      let loss: Float
      do {
        loss = try network.step(
          images: next.images, labels: next.labels, optimizer: optimizer, rate: rate, momentum: momentum)
      } catch {
        // Not `catch where`: in a loop that sends Swift 6.3.1 into an endless one of its own.
        throw error.code == .notFinite ? diverged() : error as any Error
      }
      guard loss.isFinite else { throw diverged() }
      progress.lossSum += Double(loss)
      progress.step += 1
      line.update(progress.epoch, .train, progress.step, loss: Double(loss))
      if interruption.isAsked { return nil }
      if let every = recipe.output.saveEvery {
        if network.stepCount % every == 0 { try saveState() }
      } else if saving.isDueWithinEpoch {
        try saveState()
      }
    }
    let seconds = (ContinuousClock.now - started).seconds
    let done = Double((progress.step - before) * batch)
    return (progress.lossSum / Double(max(progress.step, 1)), done / max(seconds, 1e-9))
  }

  /// Mean cross-entropy and accuracy on what was kept back; nil when Ctrl-C came.
  private func validate(_ interruption: Interruption) throws -> (loss: Double, accuracy: Double)? {
    var loss = 0.0
    var correct = 0
    var steps = 0
    validLoader.start(epoch: progress.epoch)
    while let next = try validLoader.next() {
      let logits = try network.logits(next.images)
      let classes = cells.classes.count
      logits.withElements(Float.self) { scores in
        for (index, label) in next.labels.enumerated() {
          let row = scores[(index * classes)..<((index + 1) * classes)].map { Double($0) }
          let most = row.max() ?? 0
          loss += log(row.reduce(0) { $0 + exp($1 - most) }) + most - row[Int(label)]
          if row.firstIndex(of: most) == Int(label) { correct += 1 }
        }
      }
      steps += 1
      line.update(progress.epoch, .valid, steps, loss: .nan)
      if interruption.isAsked, steps < validLoader.batchesPerEpoch { return nil }
    }
    let count = Double(split.valid.count)
    // Weights can overflow in an epoch's last step, which no training step sees any more.
    guard loss.isFinite else { throw diverged() }
    return (loss / count, Double(correct) / count)
  }

  /// Notes an epoch's results, saves what is due, and turns to the next epoch.
  private func finish(_ result: EpochResult) throws {
    clearOnce()
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
      try writeModel(try network.graph().described(by: metadata, try settings.record()), to: folder.best)
    }
    if progress.epoch < recipe.epochs, recipe.output.saveEvery == nil ? saving.isDue : false { try saveState() }
    // Before the first state there is nothing to resume, and so no run that texts could tell of.
    if saving.hasSaved { try writeTexts() }
  }

  private func saveState() throws {
    clearOnce()
    let started = ContinuousClock.now
    try folder.write(state: network, progress)
    let isFirst = !saving.hasSaved
    saving.saved(since: started)
    if isFirst { try writeTexts() }
  }

  private func saveLast() throws {
    try writeModel(try network.graph().described(by: metadata, try settings.record()), to: folder.last)
    try writeTexts()
  }

  /// After Ctrl-C: what there is, saved; exit status 130.
  private func stop() throws {
    line.erase()
    try saveState()
    try saveLast()
    complain(
      "giemsa: stopped in epoch \(progress.epoch) after \(network.stepCount) steps; saved in \(recipe.output.out) "
        + "(go on: the same command with --resume)")
    throw ExitCode(130)
  }

  private func writeTexts() throws {
    try folder.write(history: progress.history)
    let data = URL(filePath: options.data).standardizedFileURL.path
    let valid = split.valid.map { cells.name(of: cells.items[$0]) }
    try folder.write(RunFile(settings: settings, data: data, valid: valid))
  }

  private func clearOnce() {
    if !hasCleared { folder.clear() }
    hasCleared = true
  }

  private func diverged() -> CommandFailure {
    line.erase()
    let saved = settings.results.bestEpoch.map { " Epoch \($0) is saved in \(recipe.output.out)." } ?? ""
    if saved.isEmpty { folder.removeIfEmpty() }
    return CommandFailure(
      "the loss is no longer a number (epoch \(progress.epoch), step \(network.stepCount)): lower --lr, now "
        + "\(recipe.rate).\(saved)")
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
