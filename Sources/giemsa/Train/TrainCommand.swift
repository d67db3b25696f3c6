import ArgumentParser
import Foundation
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network on a folder with one subfolder of pictures per class.",
    discussion: """
      Writes RUN/best.onnx (the best epoch's network), last.onnx (the network after the last step), last.state (for \
      --resume), history.csv, times.csv (seconds per epoch and the share spent waiting for pictures), pictures.csv, \
      settings.json and, at the end, card.md, the model card. The table goes to standard output. The same seed and \
      thread count give the same network. Ctrl-C finishes the current step, saves and exits with status 130.

      After Ctrl-C, a power cut or kill -9, the same command with --resume continues from last.state. It ends with the \
      same bytes in best.onnx, last.onnx and history.csv as an uninterrupted run.

      --distributed, under mpirun, trains on several processes or machines. Each takes its share of every batch; the \
      losses are those of one process. Only rank 0 writes. If a rank dies, the others save the last complete step. \
      This needs Open MPI.

      --folds K is cross-validation: it trains K times, into RUN/fold-1 to RUN/fold-K, each time with another part of \
      the slides for validation. RUN/folds.csv has each fold's accuracy, sensitivity and specificity, with mean and \
      standard deviation.
      """)

  @OptionGroup var options: TrainingOptions
  @Option(help: "Number of epochs.") var epochs = 8
  @Option(help: "Early stopping: stop after so many epochs without a better validation loss.") var patience: Int?
  @Option(
    help: ArgumentHelp(
      "The maximum learning rate of the one-cycle schedule.",
      discussion: """
        1e-3: for all layers. 1e-6:1e-4: geometric over three groups of layers (the two halves of the body and the \
        head), from the first to the last. :1e-3: for the head; a tenth of it for the rest.
        auto: the rate that find-lr suggests (the valley), for all layers.
        """, valueName: "rate"), transform: { try RateChoice($0) })
  var lr = RateChoice.one(3e-3)
  @Flag(help: "Train as one of the ranks that mpirun started.") var distributed = false
  @Option(help: "With --distributed: seconds to wait for another rank before it counts as lost.")
  var rankTimeout = 600.0
  @OptionGroup var output: RunOptions

  func validate() throws {
    if distributed {
      guard MPIRanks.isAvailable else { throw ValidationError(Distribution.advice) }
      guard options.foldCount == nil || options.fold != nil else {
        throw ValidationError("--distributed trains one of the folds at a time: give --fold as well")
      }
    }
    guard rankTimeout >= 1, rankTimeout <= 1e6 else {
      throw ValidationError("--rank-timeout \(rankTimeout) must be from 1 to 1000000")
    }
    try check(epochs, 1...100_000, "--epochs")
    if let patience { try check(patience, 1...100_000, "--patience") }
  }

  func run() throws {
    try reporting {
      if distributed {
        return try Distribution.each(patience: rankTimeout) { ranks in
          try TrainingSession(recipe(options, output), ranks: ranks).run()
        }
      }
      try FoldsTraining.each(options, output) { options, output, isOneOfFolds in
        var recipe = recipe(options, output)
        recipe.isOneOfFolds = isOneOfFolds
        try TrainingSession(recipe).run()
      }
    }
  }

  private func recipe(_ options: TrainingOptions, _ output: RunOptions) -> Recipe {
    var recipe = Recipe(options: options, output: output, epochs: epochs, rate: lr)
    recipe.patience = patience
    return recipe
  }
}

/// Options about the run's folder.
struct RunOptions: ParsableArguments {
  @Option(help: "The run's folder.") var out: String
  @Option(help: "Write OUT/stage-N, and start from OUT/stage-(N-1) unless --from says otherwise.") var stage: Int?
  @Flag(help: "Replace the run that --out holds.") var overwrite = false
  @Flag(help: "Continue the run that --out holds; start it if it has not saved anything yet.") var resume = false
  @Option(
    help: "Write last.state every so many steps. Default: as often as it costs little time.")
  var saveEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Also write OUT/log.csv or OUT/log.jsonl.",
      discussion: """
        A line per step (loss, learning rate of the head, seconds, pictures per second, share of the time spent waiting \
        for pictures) and a line per epoch.
        """))
  var log: LogFormat?

  /// The run's folder, including the stage.
  var folder: String { stage.map { "\(out)/stage-\($0)" } ?? out }

  func validate() throws {
    if let stage { try check(stage, 1...99, "--stage") }
    if let saveEvery { try check(saveEvery, 1...1_000_000_000, "--save-every") }
    guard !(overwrite && resume) else { throw ValidationError("--overwrite and --resume: one or the other") }
  }
}

/// All options of one training run.
struct Recipe {
  var options: TrainingOptions
  var output: RunOptions
  var epochs: Int
  var rate: RateChoice
  /// Turns a rate found by `auto` into rates for the groups.
  var searched: (Double) -> RateChoice = { .one($0) }
  /// Warm-up fraction and initial divisor of the one-cycle schedule, if not its defaults.
  var climb: Double?
  var startDivisor: Double?
  /// Early stopping: the number of epochs without a better validation loss.
  var patience: Int?
  /// Whether this run is one of several folds, which end in a common summary.
  var isOneOfFolds = false

  init(options: TrainingOptions, output: RunOptions, epochs: Int, rate: RateChoice) {
    self.options = options
    self.output = output
    self.epochs = epochs
    self.rate = rate
    if let stage = output.stage, stage > 1, options.from == nil {
      self.options.from = "\(output.out)/stage-\(stage - 1)"
    }
  }
}
