import ArgumentParser
import Datasets
import Foundation
import Text
import Training

extension ResNetArchitecture: ExpressibleByArgument {
  /// Where nothing is said.
  static let usual = ResNetArchitecture.resnet34
}
extension ResNetArchitecture.Head: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
/// `--split`.
enum SplitChoice: String, CaseIterable, ExpressibleByArgument {
  case random, slide, folds
}

enum OptimizerName: String, CaseIterable, ExpressibleByArgument {
  case adamw, sgd
}

enum AugmentationName: String, CaseIterable, ExpressibleByArgument {
  case none, flips, cells, standard, fastai

  var augmentation: Augmentation {
    switch self {
    case .none: .none
    case .flips, .cells: .flips
    case .fastai: .likeFastai
    case .standard: .standard
    }
  }
}

/// `--normalize`.
enum ColorNormalization: String, CaseIterable, ExpressibleByArgument {
  case cell, imagenet
}

enum Freeze: String, EnumerableFlag {
  case unfreeze, freeze

  static func help(for value: Freeze) -> ArgumentHelp? {
    value == .freeze ? "Train the head alone (and the body's batch normalisations)." : "Train everything (the default)."
  }
}

/// `--class-weights`.
enum ClassWeights {
  case balanced
  case numbers([Double])

  /// Of the command line; throws what is wrong with it.
  init(_ argument: String) throws {
    if argument == "balanced" {
      self = .balanced
      return
    }
    let numbers = try argument.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let number = Double(text) else {
        throw ValidationError("'\(text)' is no number; give balanced, or a number for each class such as 2,1")
      }
      guard number >= 0, number <= 1e6 else { throw ValidationError("each must be from 0 to 1000000") }
      return number
    }
    guard numbers.count > 1 else { throw ValidationError("give a number for each class, such as 2,1, or balanced") }
    guard numbers.contains(where: { $0 > 0 }) else { throw ValidationError("one at least must be above 0") }
    self = .numbers(numbers)
  }
}

/// What the commands that train have in common.
struct TrainingOptions: ParsableArguments {
  @Argument(help: "The folder of pictures.") var data: String
  @Option(
    help: ArgumentHelp(
      "The class that is looked for: sensitivity is of it. Told by names such as infected or positive unless given.",
      valueName: "name"))
  var positive: String?
  @Option(help: "The network; \(ResNetArchitecture.usual.rawValue) unless given, or what --from is.")
  var arch: ResNetArchitecture?
  @Option(help: "What follows its last stage; linear unless given, or what --from has.")
  var head: ResNetArchitecture.Head?
  @Option(
    name: [.long, .customLong("load")],
    help: "Start from this run, stage or ONNX file instead; its last layer is replaced if the classes differ.")
  var from: String?
  @Option(
    help: ArgumentHelp(
      "Start from these weights: a .safetensors file of --arch under torchvision's or timm's names, or an ONNX file.",
      valueName: "file"))
  var pretrained: String?
  @Option(help: "Pixels a side that pictures are resized to; 64 unless given, or what --from was trained with.")
  var size: Int?
  @Flag(help: "--size may differ from the size that what --from names was trained at.") var override = false
  @Flag var freeze = Freeze.unfreeze
  @Flag(help: "With --freeze: the body's batch normalisations stay as they are; else they go on learning.")
  var freezeBn = false
  @Option(help: "Resize the shorter side to this, then crop to --size (or reflect borders up to it); else squeeze.")
  var resize: Int?
  @Option(
    help: ArgumentHelp(
      "How colours are normalised; as the weights were trained where there are some, cell for fresh ones.",
      discussion: """
        cell, for cells cut out on black: each channel's mean over the cell is subtracted, so that stains and lamps count \
        less, and the black around it becomes 0. imagenet: ImageNet's mean and std, the same for all pictures.
        """))
  var normalize: ColorNormalization?
  @Option(help: "Pictures a step; with --distributed all ranks' together.") var batch = 64
  @Option(help: "How weights are updated.") var optimizer = OptimizerName.adamw
  @Option(help: "Decoupled weight decay.") var weightDecay = 0.01
  @Option(
    help: ArgumentHelp(
      "What convolutions multiply in training.",
      discussion: """
        bf16: numbers of 16 bits, added up in float, where the processor has instructions for them (AVX512-BF16, or BF16 \
        of Armv8.6). Weights stay float, and the network is judged in float.
        """))
  var precision = Precision.float32
  @Option(
    help: ArgumentHelp(
      "Random changes.",
      discussion: """
        flips, or cells: all eight mirrors and quarter turns, for a cell has no up. standard: small turns, zooms and \
        changes of light too. fastai: get_transforms() of fastai 1.0.38 (crop, mirror, symmetric warp, turn, zoom, light).
        """))
  var augment = AugmentationName.flips
  @Option(help: "Blend pictures with one another by shares from Beta(x, x), as fastai with 0.4; 0: do not.")
  var mixup = 0.0
  @Option(help: "How much of the right class's probability is wanted for all classes alike.")
  var labelSmoothing = 0.0
  @Option(
    help: "What each class counts: balanced (as rare as it is), or numbers such as 2,1 in the classes' order.",
    transform: { try ClassWeights($0) })
  var classWeights: ClassWeights?
  @Option(help: "The share of pictures kept back for validation.") var valid = 0.2
  @Option(
    help: ArgumentHelp(
      "How pictures are kept back; slide where names show slides, random else.",
      discussion: """
        slide: whole slides (told by the name before _IMG or _cell), so that none is on both sides. random: single \
        pictures. folds: slides are dealt into --folds parts, and each is kept back once.
        """))
  var split: SplitChoice?
  @Option(help: "Split into so many folds (5 with --split folds alone) and train them all, into OUT/fold-1, ...")
  var folds: Int?
  @Option(help: "Of the folds, train this one only, into OUT itself.") var fold: Int?
  @Option(help: "Of the split, the weights, the order and the changes.") var seed: UInt64 = 1
  @Option(help: "Threads; unless given all processors, and with --distributed a rank's share of its machine's.")
  var threads = Rank.threads

  var freezing: Freezing {
    freeze == .freeze ? .body(normalizationsLearn: !freezeBn) : .none
  }

  /// nil: no split into folds.
  var foldCount: Int? { split == .folds || folds != nil ? folds ?? 5 : nil }

  mutating func validate() throws {
    if let folds {
      try check(folds, 2...1000, "--folds")
      guard split == nil || split == .folds else { throw ValidationError("--folds goes with --split folds") }
    }
    if let fold {
      guard let foldCount else { throw ValidationError("--fold goes with --folds") }
      try check(fold, 1...foldCount, "--fold")
    }
    guard from == nil || pretrained == nil else { throw ValidationError("--from and --pretrained: one or the other") }
    guard freeze == .freeze || !freezeBn else { throw ValidationError("--freeze-bn goes with --freeze") }
    if let size { try check(size, 16...4096, "--size") }
    if let resize { try check(resize, 16...4096, "--resize") }
    try check(batch, 1...65536, "--batch")
    guard mixup >= 0, mixup <= 100 else { throw ValidationError("--mixup \(mixup) must be from 0 to 100") }
    guard labelSmoothing >= 0, labelSmoothing < 1 else {
      throw ValidationError("--label-smoothing \(labelSmoothing) must be at least 0 and less than 1")
    }
    guard precision.isAvailable else {
      throw ValidationError(
        "--precision \(precision.rawValue): this processor has no instructions for it; leave the option out")
    }
    try check(threads, 1...1024, "--threads")
    threads = usefulThreads(threads)
    guard weightDecay >= 0, weightDecay <= 1 else {
      throw ValidationError("--weight-decay \(weightDecay) must be from 0 to 1")
    }
    guard valid > 0, valid < 1 else { throw ValidationError("--valid \(valid) must be between 0 and 1") }
  }
}

/// At most as many threads as there are processors: training's wait for one another many times a step, and more of them
/// than can run at once get nowhere. A note tells.
func usefulThreads(_ asked: Int) -> Int {
  let most = max(1, ProcessInfo.processInfo.activeProcessorCount)
  guard asked > most else { return asked }
  complain("note: --threads \(asked): the processors to use are \(most); so are the threads")
  return most
}

func check(_ value: Int, _ range: ClosedRange<Int>, _ name: String) throws {
  guard range.contains(value) else {
    throw ValidationError("\(name) \(value) must be from \(range.lowerBound) to \(range.upperBound)")
  }
}
