import Datasets
import Foundation
import Imaging
import ModelGraph
import PictureModels
import Reports
import Text
import Training

/// Everything that training needs before its first step: pictures, split, batch loaders and the initial network.
final class TrainingBench {
  let options: TrainingOptions
  let cells: CellFolder
  let plan: SplitPlan
  let start: StartingPoint
  let positive: PositiveClass?
  /// The network's metadata: preprocessing, classes and the slides it was trained on.
  let metadata: ModelMetadata
  /// Batch size of a step, over all ranks.
  let batch: Int
  let trainLoader: BatchLoader
  let validLoader: BatchLoader
  let optimizer: Optimizer
  /// Loss weight per class; empty if all are equal.
  let classWeights: [Double]
  /// How many pictures of each class an epoch draws; nil: every training picture once.
  let draws: ClassDraws?
  /// The MPI ranks that train this network; nil in a single process.
  let ranks: MPIRanks?
  /// Largest number of pictures of a batch that this rank gets.
  private let share: Int

  var split: Split { plan.split }

  /// Finds every error in the settings; errors in the pictures are found by ``network()``.
  init(_ options: TrainingOptions, ranks: MPIRanks? = nil) throws {
    self.options = options
    self.ranks = ranks
    cells = try CellFolder.listed(options.data)
    plan = try SplitPlan(cells, options)
    let split = plan.split
    start = try StartingPoint(options, classes: cells.classes)
    positive = try PositiveClass.choose(cells.classes, option: options.positive, recorded: start.metadata.positive)
    if options.thresholdFor != nil, positive == nil {
      throw CommandFailure(
        "--threshold-for: the class names do not say which class is positive (\(cells.classes.joined(separator: ", "))); "
          + "name it with --positive")
    }
    var metadata = start.metadata
    metadata.cell = cells.cut ?? metadata.cell
    metadata.positive = positive.map { [cells] in cells.classes[$0.index] }
    var slides = TrainedSlides(metadata.trainingSlides)
    slides.add(Set(split.train.map { [cells] in cells.items[$0].slide }))
    metadata.trainingSlides = slides.text
    self.metadata = metadata
    draws = try TrainingBench.draws(options, cells, split)
    batch = min(options.batch, draws?.total ?? split.train.count)
    let part = ranks.map { BatchPart($0.rank, of: $0.count) } ?? .whole
    share = (batch + part.count - 1) / part.count
    guard batch >= part.count else {
      throw CommandFailure(
        "a batch of \(counted(batch, "picture")) is too small for \(counted(part.count, "rank")); raise --batch")
    }
    classWeights = try TrainingBench.weights(options.classWeights, cells, split)
    var preprocessing = try Preprocessing(start.metadata, inputShape: Shape([batch, 3, start.size, start.size]))
    preprocessing.reading.limits = options.files.limits
    let workers = min(options.threads, 2)
    trainLoader = BatchLoader(
      items: split.train.map { [cells] in cells.items[$0] }, preprocessing: preprocessing,
      augmentation: options.augment.augmentation, batchSize: batch, shuffle: true, dropLast: true,
      seed: options.seed, mixup: options.mixup, draws: draws, part: part, workers: workers)
    validLoader = BatchLoader(
      items: split.valid.map { [cells] in cells.items[$0] }, preprocessing: preprocessing, augmentation: nil,
      batchSize: batch, shuffle: false, dropLast: false, seed: options.seed, part: part, workers: workers)
    optimizer =
      switch options.optimizer {
      case .adamw: .adamW(weightDecay: Float(options.weightDecay))
      case .sgd: .sgd(weightDecay: Float(options.weightDecay))
      }
  }

  /// Creates the initial network and reads every picture once.
  func network() throws -> TrainingNetwork {
    let network = try TrainingNetwork(
      start.graph, inputShape: Shape([share, 3, start.size, start.size]), threads: options.threads,
      freezing: options.freezing, precision: options.precision, seed: options.seed,
      ranks: ranks.flatMap { $0.count > 1 ? $0 : nil })
    let line = StageProgress()
    defer { line.erase() }
    let (train, all) = (split.train.count, cells.items.count)
    var problems: [String] = []
    for (loader, done) in [(trainLoader, 0), (validLoader, train)] {
      do {
        try loader.preload { line.update("reading pictures", done + $0, all) }
      } catch let error as DatasetError { problems += error.problems }
    }
    guard problems.isEmpty else { throw DatasetError(problems, "picture", "cannot be read") }
    return network
  }

  func settings(epochs: Int, rates: [Double], choice: RateChoice) -> RunSettings {
    var settings = RunSettings(
      architecture: start.name, head: start.head, classes: cells.classes, size: start.size, mean: start.metadata.mean,
      std: start.metadata.std, epochs: epochs, batch: batch, rate: 0,
      rateChoice: choice == .auto ? "auto" : nil,
      frozen: options.freeze == .unfreeze ? nil : options.freezeBn ? "body and its batch normalisations" : "body",
      start: start.source, optimizer: options.optimizer.rawValue, weightDecay: options.weightDecay,
      augmentation: options.augment.text, split: plan.kind.rawValue,
      validFraction: plan.folds.map { 1 / Double($0) } ?? options.valid,
      seed: options.seed, threads: options.threads, trainCount: split.train.count, validCount: split.valid.count)
    settings.set(rates)
    settings.positive = positive.map { cells.classes[$0.index] }
    settings.folds = plan.folds
    settings.fold = plan.fold
    settings.ranks = ranks.flatMap { $0.count > 1 ? $0.count : nil }
    settings.centering = start.metadata.centering?.rawValue
    settings.resize = start.metadata.resize
    settings.bits = start.metadata.bits
    settings.precision = options.precision == .float32 ? nil : options.precision.rawValue
    settings.mixup = options.mixup > 0 ? options.mixup : nil
    settings.labelSmoothing = options.labelSmoothing > 0 ? options.labelSmoothing : nil
    settings.classWeights = classWeights.isEmpty ? nil : classWeights
    settings.draws = draws?.counts
    settings.thresholdFor = options.thresholdFor?.text
    settings.looks = options.looks > 1 ? options.looks : nil
    return settings
  }

  /// Number of training pictures of each class.
  private static func counts(_ cells: CellFolder, _ split: Split) -> [Int] {
    var counts = [Int](repeating: 0, count: cells.classes.count)
    for index in split.train { counts[cells.items[index].label] += 1 }
    return counts
  }

  private static func draws(_ options: TrainingOptions, _ cells: CellFolder, _ split: Split) throws -> ClassDraws? {
    guard options.balance != nil || options.draws != nil else { return nil }
    let least = try options.balance?.share(classes: cells.classes.count) ?? 0
    return ClassDraws(counts(cells, split), least: least, total: options.draws)
  }

  /// The loss weights. `balanced` is inversely proportional to the class's frequency in training, with mean 1 for equal
  /// frequencies.
  private static func weights(_ choice: ClassWeights?, _ cells: CellFolder, _ split: Split) throws -> [Double] {
    switch choice {
    case nil: return []
    case .balanced:
      let counts = counts(cells, split)
      return counts.map { Double(split.train.count) / Double(max($0, 1) * counts.count) }
    case .numbers(let numbers):
      guard numbers.count == cells.classes.count else {
        throw CommandFailure(
          "--class-weights: \(numbers.count) numbers for \(cells.classes.count) classes "
            + "(\(cells.classes.joined(separator: ", ")))")
      }
      return numbers
    }
  }

  /// A hash of the names of the training and validation pictures.
  var fingerprint: String {
    (split.train + [-1] + split.valid).map { $0 < 0 ? "" : cells.name(of: cells.items[$0]) }.fingerprint
  }

  /// All pictures as read, training pictures first; empty before ``network()``.
  var pictures: [PictureRecord] {
    func records(_ side: PictureRecord.Side, _ indices: [Int], _ hashes: [String]) -> [PictureRecord] {
      zip(indices, hashes).map { PictureRecord(side: side, hash: $1, name: cells.name(of: cells.items[$0])) }
    }
    return records(.train, split.train, trainLoader.hashes) + records(.valid, split.valid, validLoader.hashes)
  }

  /// Warnings about slides and pictures on both sides of the split; empty before ``network()``.
  var overlapWarnings: [String] {
    let pictures = pictures
    let overlap = Overlap(
      train: pictures.filter { $0.side == .train }.map { $0.entry },
      valid: pictures.filter { $0.side == .valid }.map { $0.entry })
    let advice = plan.kind == .random && plan.canDivideSlides ? "; --split slide keeps them apart" : ""
    return overlap.warnings("in both training and validation", advice: advice)
  }

  var validation: [String] { split.valid.map { cells.name(of: cells.items[$0]) } }

  /// Prints the data and the training setup, in two lines.
  func describe(_ work: String, _ network: TrainingNetwork) {
    let counts = zip(cells.classes, cells.counts).map { "\($0) \($1)" }.joined(separator: ", ")
    complain("\(counted(cells.items.count, "picture")) (\(counts)); \(split.valid.count) for validation (\(plan.name))")
    if let reason = plan.reason { complain(reason) }
    if let draws {
      complain(
        "an epoch draws \(zip(cells.classes, draws.counts).map { "\($0) \($1)" }.joined(separator: ", ")) "
          + "of \(counted(split.train.count, "training picture"))")
    }
    for line in overlapWarnings + trainLoader.notes.warnings(remedy: PictureFlags.remedy)
      + validLoader.notes.warnings(remedy: PictureFlags.remedy)
    {
      complain(line)
    }
    let frozen = options.freeze == .freeze ? " (body frozen)" : ""
    let many = ranks.map { "\($0.count) \($0.count == 1 ? "rank" : "ranks") of " } ?? ""
    complain(
      "\(start.name)\(frozen), \(start.size) × \(start.size) pixels, \(work) of \(counted(batch, "picture")); "
        + "\(many)\(counted(options.threads, "thread")), \(network.instructionSet)")
    if ranks != nil, Rank.isBound {
      complain("note: mpirun binds each rank to few processors; --bind-to none frees them")
    }
    if ranks?.count == 1 { complain("note: one rank alone; mpirun -np N starts several") }
    if options.freeze == .freeze, start.source == nil {
      complain("note: the frozen body has random weights; give trained ones with --pretrained or --from")
    }
    let seen = validLoader.hashes.count { start.trainedPictures.contains($0) }
    if seen > 0 {
      complain(
        "note: \(start.source ?? "the starting point") was trained on \(seen) of the validation pictures; "
          + "give the same --split, --valid (or --folds) and --seed")
    }
  }
}
