import ArgumentParser
import Foundation
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network on a folder with one subfolder of PNG pictures per class.",
    discussion: """
      Writes RUN/best.onnx (the best epoch's network), last.onnx (where training ended), last.state (to go on from), \
      history.csv, times.csv (and of each epoch the share of training spent waiting for pictures), pictures.csv, settings.json and at the end card.md, the model card. The table goes to standard output. The same seed and thread count give \
      the same network. Ctrl-C stops after the step in hand and saves first (exit status 130).

      Whatever ended a run (Ctrl-C, a power cut, kill -9), the same command with --resume goes on from last.state and \
      ends with the same bytes in best.onnx, last.onnx and history.csv as a run that nothing ended.

      --distributed, under mpirun, trains on several processes or machines: each takes its share of every batch, and \
      the losses are those of one process. Rank 0 alone writes. If a rank dies, what the others had come to is saved. \
      It takes a giemsa that was built with --traits MPI.

      --folds K trains K times, into RUN/fold-1 to RUN/fold-K, each time keeping another part of the slides back, and \
      writes RUN/folds.csv: accuracy, sensitivity and specificity of each, their mean and standard deviation.
      """)

  @OptionGroup var options: TrainingOptions
  @Option(help: "Times every picture is seen.") var epochs = 8
  @Option(help: "Stop early: after so many epochs without a better validation loss.") var patience: Int?
  @Option(
    help: ArgumentHelp(
      "The highest learning rate of the one-cycle schedule.",
      discussion: """
        1e-3: for all layers. 1e-6:1e-4: in equal ratios from the first of three groups of layers (the body's halves and \
        the head) to the last. :1e-3: for the head, and a tenth for the rest.
        auto: what find-lr suggests (the valley), for all layers.
        """, valueName: "rate"), transform: { try RateChoice($0) })
  var lr = RateChoice.one(3e-3)
  @Flag(help: "Train together with the other processes that mpirun started.") var distributed = false
  @Option(help: "With --distributed: seconds to wait for an answer of another process before it counts as lost.")
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

/// Where a run goes.
struct RunOptions: ParsableArguments {
  @Option(help: "The run's folder.") var out: String
  @Option(help: "Write OUT/stage-N, and start from OUT/stage-(N-1) unless --from says otherwise.") var stage: Int?
  @Flag(help: "Replace the run that --out holds.") var overwrite = false
  @Flag(help: "Go on with the run that --out holds; begin it if it has not saved anything yet.") var resume = false
  @Option(
    help: "Steps between two writings of last.state; unless given, as often as costs little time.")
  var saveEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Also write OUT/log.csv or OUT/log.jsonl.",
      discussion: """
        A line for each step (its loss, the head's rate, seconds, pictures per second, and the share of the time that was \
        spent waiting for pictures) and one for each epoch, as they come about.
        """))
  var log: LogFormat?

  /// The folder itself.
  var folder: String { stage.map { "\(out)/stage-\($0)" } ?? out }

  func validate() throws {
    if let stage { try check(stage, 1...99, "--stage") }
    if let saveEvery { try check(saveEvery, 1...1_000_000_000, "--save-every") }
    guard !(overwrite && resume) else { throw ValidationError("--overwrite and --resume: one or the other") }
  }
}

/// Everything one run of training is told.
struct Recipe {
  var options: TrainingOptions
  var output: RunOptions
  var epochs: Int
  var rate: RateChoice
  /// What is made of a rate that `auto` found.
  var searched: (Double) -> RateChoice = { .one($0) }
  /// Of the one-cycle schedule, where they are not its own.
  var climb: Double?
  var startDivisor: Double?
  /// Epochs without a better validation loss that end the run.
  var patience: Int?
  /// Others follow, and a summary of all.
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
