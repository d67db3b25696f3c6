import ArgumentParser
import Datasets
import Foundation
import Imaging
import ModelGraph
import Reports
import Training

/// One run of `giemsa train`, from the folder of pictures to the last file saved.
final class TrainingSession {
  private let command: TrainCommand
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
  private let progress: TrainingProgress
  private var settings: RunSettings
  private var history: [EpochResult] = []
  private var hasCleared = false
  private var lastState = ContinuousClock.now

  /// Everything that can be wrong is found here, before the first step.
  init(_ command: TrainCommand) throws {
    self.command = command
    cells = try CellFolder(command.data)
    split = try Split(cells, kind: command.split, validFraction: command.valid, seed: command.seed)
    let start = try StartingPoint(command, classes: cells.classes)
    metadata = start.metadata
    batch = min(command.batch, split.train.count)
    settings = RunSettings(
      architecture: start.name, head: command.from == nil ? command.head.rawValue : "", classes: cells.classes,
      size: command.size, mean: metadata.mean, std: metadata.std, epochs: command.epochs, batch: batch,
      rate: command.lr, optimizer: command.optimizer.rawValue, weightDecay: command.weightDecay,
      augmentation: command.augment.rawValue, split: command.split.rawValue, validFraction: command.valid,
      seed: command.seed, threads: command.threads, trainCount: split.train.count, validCount: split.valid.count)

    folder = try RunFolder.make(command.out, overwrite: command.overwrite)
    do {
      let shape = Shape([batch, 3, command.size, command.size])
      let preprocessing = try Preprocessing(metadata, inputShape: shape)
      let workers = min(command.threads, 2)
      trainLoader = BatchLoader(
        items: split.train.map { [cells] in cells.items[$0] }, preprocessing: preprocessing,
        augmentation: command.augment.augmentation, batchSize: batch, shuffle: true, dropLast: true,
        seed: command.seed, workers: workers)
      validLoader = BatchLoader(
        items: split.valid.map { [cells] in cells.items[$0] }, preprocessing: preprocessing, augmentation: nil,
        batchSize: batch, shuffle: false, dropLast: false, seed: command.seed, workers: workers)
      network = try TrainingNetwork(
        start.graph, inputShape: shape, threads: command.threads, seed: command.seed)
      try trainLoader.preload()
      try validLoader.preload()
    } catch {
      folder.removeIfEmpty()
      throw error
    }
    optimizer =
      switch command.optimizer {
      case .adamw: .adamW(weightDecay: Float(command.weightDecay))
      case .sgd: .sgd(weightDecay: Float(command.weightDecay))
      }
    schedule = OneCycle(maximumRate: Float(command.lr), steps: command.epochs * trainLoader.batchesPerEpoch)
    progress = TrainingProgress(
      epochs: command.epochs, trainSteps: trainLoader.batchesPerEpoch, validSteps: validLoader.batchesPerEpoch,
      batch: batch)
  }

  func run() throws {
    let counts = zip(cells.classes, cells.counts).map { "\($0) \($1)" }.joined(separator: ", ")
    complain("\(cells.items.count) pictures (\(counts)); \(split.valid.count) kept back (\(command.split.rawValue))")
    let steps = trainLoader.batchesPerEpoch
    complain(
      "\(settings.architecture), \(command.size) × \(command.size) pixels, \(command.epochs) epochs of \(steps) steps "
        + "of \(batch) pictures; \(command.threads) threads, \(network.instructionSet)")
    let interruption = Interruption()
    show(EpochTable.header + "\n")
    for epoch in 0..<command.epochs {
      let started = ContinuousClock.now
      guard let (trainLoss, pace) = try train(epoch, interruption) else { return try stop(epoch) }
      guard let (validLoss, accuracy) = try validate(epoch, interruption) else { return try stop(epoch) }
      let result = EpochResult(
        epoch: epoch, trainLoss: trainLoss, validLoss: validLoss, accuracy: accuracy,
        seconds: (ContinuousClock.now - started).seconds, picturesPerSecond: pace)
      history.append(result)
      try save(result)
      progress.erase()
      show(EpochTable.line(result) + "\n")
      if interruption.isAsked, epoch + 1 < command.epochs { return try stop(epoch + 1) }
    }
    try writeModel(try network.graph().described(by: metadata, try settings.record()), to: folder.last)
    try folder.write(state: try network.state())
    if let best = settings.results.bestEpoch, let accuracy = settings.results.accuracy {
      complain("best: epoch \(best), accuracy \(NumberText.fixed(accuracy, 4)); saved as \(folder.best)")
      complain("next: giemsa evaluate \(command.out) \(command.data); giemsa export \(command.out) --out FILE.onnx")
    }
  }

  /// One epoch's steps: mean loss and pictures per second; nil when Ctrl-C came.
  private func train(_ epoch: Int, _ interruption: Interruption) throws -> (loss: Double, pace: Double)? {
    let started = ContinuousClock.now
    var sum = 0.0
    var steps = 0
    trainLoader.start(epoch: epoch)
    while let next = try trainLoader.next() {
      let (rate, momentum) = schedule.values(at: network.stepCount)
      let loss: Float
      do {
        loss = try network.step(
          images: next.images, labels: next.labels, optimizer: optimizer, rate: rate, momentum: momentum)
      } catch {
        // Not `catch where`: in a loop that sends Swift 6.3.1 into an endless one of its own.
        throw error.code == .notFinite ? diverged(epoch) : error as any Error
      }
      guard loss.isFinite else { throw diverged(epoch) }
      sum += Double(loss)
      steps += 1
      progress.update(epoch, .train, steps, loss: Double(loss))
      if interruption.isAsked { return nil }
    }
    let seconds = (ContinuousClock.now - started).seconds
    return (sum / Double(max(steps, 1)), Double(steps * batch) / max(seconds, 1e-9))
  }

  /// Mean cross-entropy and accuracy on what was kept back; nil when Ctrl-C came.
  private func validate(_ epoch: Int, _ interruption: Interruption) throws -> (loss: Double, accuracy: Double)? {
    var loss = 0.0
    var correct = 0
    var steps = 0
    validLoader.start(epoch: epoch)
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
      progress.update(epoch, .valid, steps, loss: .nan)
      if interruption.isAsked, steps < validLoader.batchesPerEpoch { return nil }
    }
    let count = Double(split.valid.count)
    // Weights can overflow in an epoch's last step, which no training step sees any more.
    guard loss.isFinite else { throw diverged(epoch) }
    return (loss / count, Double(correct) / count)
  }

  private func save(_ result: EpochResult) throws {
    clearOnce()
    settings.results.epochsDone = result.epoch + 1
    // By loss, as fastai's SaveModelCallback: accuracy on a few hundred pictures ties and jumps, the loss tells more.
    let isBest = history.dropLast().allSatisfy { result.validLoss < $0.validLoss }
    if isBest {
      settings.results.bestEpoch = result.epoch
      settings.results.accuracy = result.accuracy
      settings.results.validLoss = result.validLoss
      try writeModel(try network.graph().described(by: metadata, try settings.record()), to: folder.best)
    }
    try writeTexts()
    // Three times the model's size: not after every epoch where epochs are short.
    if (ContinuousClock.now - lastState).seconds > 60 {
      try folder.write(state: try network.state())
      lastState = .now
    }
  }

  /// After Ctrl-C: what there is, saved; exit status 130.
  private func stop(_ epoch: Int) throws {
    progress.erase()
    clearOnce()
    try writeModel(try network.graph().described(by: metadata, try settings.record()), to: folder.last)
    try folder.write(state: try network.state())
    try writeTexts()
    complain("giemsa: stopped in epoch \(epoch) after \(network.stepCount) steps; saved in \(command.out)")
    throw ExitCode(130)
  }

  private func writeTexts() throws {
    try folder.write(history: history)
    let data = URL(filePath: command.data).standardizedFileURL.path
    let valid = split.valid.map { cells.name(of: cells.items[$0]) }
    try folder.write(RunFile(settings: settings, data: data, valid: valid))
  }

  private func clearOnce() {
    if !hasCleared { folder.clear() }
    hasCleared = true
  }

  private func diverged(_ epoch: Int) -> CommandFailure {
    progress.erase()
    let saved = settings.results.bestEpoch.map { " Epoch \($0) is saved in \(command.out)." } ?? ""
    if saved.isEmpty { folder.removeIfEmpty() }
    return CommandFailure(
      "the loss is no longer a number (epoch \(epoch), step \(network.stepCount)): lower --lr, now \(command.lr)."
        + saved)
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
