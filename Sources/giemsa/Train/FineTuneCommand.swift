import ArgumentParser
import Foundation

struct FineTuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fine-tune",
    abstract: "Transfer learning in one command: first the head, then all layers, like fastai's fine_tune.",
    discussion: """
      RUN/stage-1: trains the head for --freeze-epochs at the base rate. The body is frozen, except that its batch \
      normalisations learn at a tenth of the rate. RUN/stage-2: trains all layers for --epochs, the head at half the \
      base rate, the first layers at that divided by --lr-mult, the others in between. Give the pre-trained weights \
      with --pretrained or --from.
      """)

  @OptionGroup var options: TrainingOptions
  @Option(help: "Epochs of the second stage.") var epochs = 4
  @Option(help: "Epochs of the first stage.") var freezeEpochs = 1
  @Option(
    help: ArgumentHelp(
      "The head's maximum learning rate in the first stage, or auto: the rate that find-lr suggests.", valueName: "rate"
    ),
    transform: { try RateChoice($0) })
  var baseLr = RateChoice.one(2e-3)
  @Option(help: "Ratio of the head's learning rate to that of the first layers.") var lrMult = 100.0
  @OptionGroup var output: RunOptions

  func validate() throws {
    try check(epochs, 1...100_000, "--epochs")
    try check(freezeEpochs, 1...100_000, "--freeze-epochs")
    switch baseLr {
    case .one, .auto: break
    default: throw ValidationError("--base-lr: one rate, or auto")
    }
    guard lrMult >= 1, lrMult <= 1e6 else { throw ValidationError("--lr-mult \(lrMult) must be from 1 to 1000000") }
    guard output.stage == nil else { throw ValidationError("--stage: fine-tune creates stages 1 and 2 itself") }
    guard options.freeze == .unfreeze else {
      throw ValidationError("--freeze: the first stage of fine-tune is always frozen")
    }
  }

  func run() throws {
    try reporting { try FoldsTraining.each(options, output, bothStages) }
  }

  private func bothStages(_ options: TrainingOptions, _ out: RunOptions, _ isOneOfFolds: Bool) throws {
    var first = options
    first.freeze = .freeze
    var output = out
    output.stage = 1
    let isUnderWay = output.resume && RunFolder.exists("\(output.out)/stage-2")
    if !isUnderWay {
      complain("stage 1 of 2: the head")
      let rate = baseLr.rates.map { RateChoice.head($0[0]) } ?? .auto
      var recipe = Recipe(options: first, output: output, epochs: freezeEpochs, rate: rate)
      recipe.searched = { .head($0) }
      recipe.climb = 0.99
      recipe.isOneOfFolds = isOneOfFolds
      try TrainingSession(recipe).run()
    }
    let folder = RunFolder(path: output.folder)
    let base = try folder.read().settings.rate
    var second = options
    second.from = folder.last  // not the best epoch: fastai continues from the last one too
    second.pretrained = nil
    output.stage = 2
    complain("stage 2 of 2: all layers")
    let rate = RateChoice.span(base / 2 / lrMult, base / 2)
    var recipe = Recipe(options: second, output: output, epochs: epochs, rate: rate)
    recipe.startDivisor = 5
    recipe.isOneOfFolds = isOneOfFolds
    try TrainingSession(recipe).run()
  }
}
