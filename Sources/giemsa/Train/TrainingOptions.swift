import ArgumentParser
import PictureModels
import Datasets
import Foundation
import Reports
import Text
import Training

extension Architecture: ExpressibleByArgument {
  /// The default architecture.
  static let usual = Architecture.resnet34
}
extension Architecture.Head: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
/// The value of `--split`.
enum SplitChoice: String, CaseIterable, ExpressibleByArgument {
  case random, slide, folds
}

enum OptimizerName: String, CaseIterable, ExpressibleByArgument {
  case adamw, sgd
}

/// The value of `--augment`: a name of ``Augmentation/named``, or several with commas between, whose changes follow one another.
struct AugmentationChoice: ExpressibleByArgument {
  static let flips = AugmentationChoice(text: "flips", augmentation: .flips)
  static let allValueStrings = Augmentation.named.map { $0.name }

  let text: String
  let augmentation: Augmentation

  private init(text: String, augmentation: Augmentation) {
    self.text = text
    self.augmentation = augmentation
  }

  init?(argument: String) {
    var whole = Augmentation.none
    for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let part = Augmentation.named.first(where: { $0.name == name }) else { return nil }
      whole = whole + part.augmentation
    }
    self.init(text: argument, augmentation: whole)
  }

  var defaultValueDescription: String { text }
}

/// The value of `--normalize`.
enum ColorNormalization: String, CaseIterable, ExpressibleByArgument {
  case cell, imagenet
}

enum Freeze: String, EnumerableFlag {
  case unfreeze, freeze

  static func help(for value: Freeze) -> ArgumentHelp? {
    value == .freeze ? "Train only the head (and the body's batch normalisations)." : "Train all layers (the default)."
  }
}

/// The value of `--class-weights`.
enum ClassWeights {
  case balanced
  case numbers([Double])

  /// Parses the command line's argument; throws a description of what is wrong with it.
  init(_ argument: String) throws {
    if argument == "balanced" {
      self = .balanced
      return
    }
    let numbers = try argument.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let number = Double(text) else {
        throw ValidationError("'\(text)' is not a number; give balanced, or a number for each class such as 2,1")
      }
      guard number >= 0, number <= 1e6 else { throw ValidationError("each must be from 0 to 1000000") }
      return number
    }
    guard numbers.count > 1 else { throw ValidationError("give a number for each class, such as 2,1, or balanced") }
    guard numbers.contains(where: { $0 > 0 }) else { throw ValidationError("one at least must be above 0") }
    self = .numbers(numbers)
  }
}

/// The value of `--balance`.
enum BalanceChoice: Equatable {
  case equal
  case least(Double)

  /// Parses the command line's argument; throws a description of what is wrong with it.
  init(_ argument: String) throws {
    if argument == "equal" {
      self = .equal
      return
    }
    guard let share = Double(argument), share > 0, share <= 0.5 else {
      throw ValidationError("'\(argument)' must be equal, or a fraction above 0 up to 0.5, such as 0.2")
    }
    self = .least(share)
  }

  /// The least fraction of the draws for every class.
  func share(classes: Int) throws -> Double {
    let equal = 1 / Double(max(classes, 1))
    guard case .least(let share) = self else { return equal }
    guard share <= equal else {
      throw CommandFailure(
        "--balance \(NumberText.shortest(share)): \(classes) classes cannot each have that; at most \(NumberText.fixed(equal, 3))"
      )
    }
    return share
  }
}

/// Options common to all commands that train.
struct TrainingOptions: ParsableArguments {
  @Argument(help: "The folder of pictures.") var data: String
  @Option(
    help: ArgumentHelp(
      "The positive class, which sensitivity refers to. Default: guessed from names such as infected or positive.",
      valueName: "name"))
  var positive: String?
  @Option(help: "The architecture. Default: that of --from, else \(Architecture.usual.rawValue).")
  var arch: Architecture?
  @Option(help: "The classification head. Default: that of --from, else linear.")
  var head: Architecture.Head?
  @Option(
    name: [.long, .customLong("load")],
    help: "Start from this run, stage or ONNX file; its last layer is replaced if the classes differ.")
  var from: String?
  @Option(
    help: ArgumentHelp(
      """
      Start from these weights: a .safetensors file of --arch under torchvision's names (which timm's ResNets have), or \
      an ONNX file.
      """,
      valueName: "file"))
  var pretrained: String?
  @Option(help: "Input size, in pixels per side. Default: that of --from, else 64.")
  var size: Int?
  @Flag(help: "Allow a --size other than the one that --from was trained at.") var override = false
  @Flag var freeze = Freeze.unfreeze
  @Flag(help: "With --freeze: freeze the body's batch normalisations too; otherwise they still learn.")
  var freezeBn = false
  @Option(
    help:
      "Resize the shorter side to this, then crop to --size (or reflect the borders). Default: resize both sides to --size."
  )
  var resize: Int?
  @Option(
    help: ArgumentHelp(
      "Bits of 16-bit samples that are data: 12 for camera data stored without scaling. Default: that of --from, else 16.",
      valueName: "n"))
  var bits: Int?
  @Option(
    help: ArgumentHelp(
      "How colours are normalised. Default: as the weights were trained; cell for fresh weights.",
      discussion: """
        cell, for cells cut out on black: each channel's mean over the cell is subtracted, which reduces the effect of \
        stain and lamp; the black background becomes 0. imagenet: ImageNet's mean and std for all pictures.
        """))
  var normalize: ColorNormalization?
  @Option(help: "Batch size; with --distributed the total over all ranks.") var batch = 64
  @Option(help: "The optimiser.") var optimizer = OptimizerName.adamw
  @Option(help: "Decoupled weight decay.") var weightDecay = 0.01
  @Option(
    help: ArgumentHelp(
      "Number format of the convolutions' operands in training.",
      discussion: """
        bf16 is mixed precision: bfloat16 operands with float accumulators, where the processor has instructions for it \
        (AVX512-BF16, or BF16 of Armv8.6). The weights stay float, and validation runs in float.
        """))
  var precision = Precision.float32
  @Option(
    help: ArgumentHelp(
      "Augmentation.",
      discussion: """
        flips, or cells: all eight mirrors and quarter turns, since a cell has no up. standard: also small rotations, \
        zooms and changes of brightness. fastai: get_transforms() of fastai 1.0.38 (crop, mirror, symmetric warp, \
        rotation, zoom, brightness, contrast). saturation: stronger or weaker colours, as in fastai 2. Several names \
        are applied one after another: fastai,saturation.
        """))
  var augment = AugmentationChoice.flips
  @Option(help: "Mixup: blend pairs of pictures with weights from Beta(x, x); fastai uses 0.4, 0 turns it off.")
  var mixup = 0.0
  @Option(help: "Label smoothing: the part of the target probability that is spread over all classes.")
  var labelSmoothing = 0.0
  @Option(
    help:
      "Loss weight per class: balanced (inversely proportional to frequency), or numbers such as 2,1 in class order.",
    transform: { try ClassWeights($0) })
  var classWeights: ClassWeights?
  @Option(
    help: ArgumentHelp(
      "Draw rare classes more often: each class makes at least this fraction of an epoch's pictures.",
      discussion: """
        0.2: a rarer class is drawn until it makes a fifth; the others share the rest in proportion. equal: the same \
        fraction for every class. Repeated pictures are augmented differently each time.
        """, valueName: "fraction"), transform: { try BalanceChoice($0) })
  var balance: BalanceChoice?
  @Option(
    help: "Pictures drawn per epoch; the next epoch goes on with others. Default: as many as there are for training.")
  var draws: Int?
  @Option(
    help: ArgumentHelp(
      "Choose the threshold of the positive class on the validation pictures.",
      discussion: """
        f1: the highest F1. specificity=0.999: the highest sensitivity with at least that specificity. \
        sensitivity=0.95: the reverse. The threshold is stored in the exported model (giemsa.threshold); evaluate and \
        giemsa-field apply it. Without it a picture counts as the likeliest class.
        """, valueName: "what"),
    transform: {
      guard let choice = ThresholdChoice($0) else {
        throw ValidationError("'\($0)' must be f1, specificity=S or sensitivity=S, with S above 0 and at most 1")
      }
      return choice
    })
  var thresholdFor: ThresholdChoice?
  @Option(
    help: ArgumentHelp(
      "In how many orientations giemsa-field count judges a cell that may be infected: 1 or 8.",
      discussion: """
        With 8 the mean over all mirrors and quarter turns counts, which is more reliable and costs little, since few \
        cells are doubtful. Threshold and rates of the model refer to it (giemsa.looks).
        """, valueName: "n"))
  var looks = 1
  @Option(help: "Fraction of the pictures used for validation.") var valid = 0.2
  @Option(
    help: ArgumentHelp(
      "How validation pictures are chosen. Default: slide if the names show slides, else random.",
      discussion: """
        slide: whole slides (the part of the name before _IMG or _cell), so that none is on both sides. random: single \
        pictures. folds: cross-validation; the slides are divided into --folds parts, each used for validation once.
        """))
  var split: SplitChoice?
  @Option(help: "Cross-validation: train this many folds (5 with --split folds alone) into OUT/fold-1, ...")
  var folds: Int?
  @Option(help: "Train only this one of the folds, into OUT itself.") var fold: Int?
  @Option(help: "Random seed of the split, the initial weights, the order and the augmentation.") var seed: UInt64 = 1
  @OptionGroup var files: PictureFlags
  @Option(help: "Number of threads; with --distributed per rank.")
  var threads = Rank.threads

  var freezing: Freezing {
    freeze == .freeze ? .body(normalizationsLearn: !freezeBn) : .none
  }

  /// Number of folds; nil if there are none.
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
    if let bits { try check(bits, ModelMetadata.Bound.bits, "--bits") }
    try check(batch, 1...65536, "--batch")
    guard ModelMetadata.Bound.looks.contains(looks) else { throw ValidationError("--looks \(looks) must be 1 or 8") }
    guard mixup >= 0, mixup <= 100 else { throw ValidationError("--mixup \(mixup) must be from 0 to 100") }
    guard labelSmoothing >= 0, labelSmoothing < 1 else {
      throw ValidationError("--label-smoothing \(labelSmoothing) must be at least 0 and less than 1")
    }
    if let draws { try check(draws, 1...1_000_000_000, "--draws") }
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

/// Limits the threads to the number of processors, with a note. Training threads wait for one another many times per
/// step, so more threads than processors make no progress.
func usefulThreads(_ asked: Int) -> Int {
  let most = max(1, ProcessInfo.processInfo.activeProcessorCount)
  guard asked > most else { return asked }
  complain("note: --threads \(asked) is more than the processors; using \(most)")
  return most
}

func check(_ value: Int, _ range: ClosedRange<Int>, _ name: String) throws {
  guard range.contains(value) else {
    throw ValidationError("\(name) \(value) must be from \(range.lowerBound) to \(range.upperBound)")
  }
}
