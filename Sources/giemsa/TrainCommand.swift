import ArgumentParser
import Foundation

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network on a folder with one subfolder of PNG pictures per class.",
    discussion: """
      Writes RUN/best.onnx (the best epoch's network), last.onnx (where training ended), last.state (to go on from), \
      history.csv, times.csv and settings.json. The table goes to standard output. The same seed and thread count give \
      the same network. Ctrl-C stops after the step in hand and saves first (exit status 130).

      Whatever ended a run (Ctrl-C, a power cut, kill -9), the same command with --resume goes on from last.state and \
      ends with the same bytes in best.onnx, last.onnx and history.csv as a run that nothing ended.
      """)

  @OptionGroup var options: TrainingOptions
  @Option(help: "Times every picture is seen.") var epochs = 8
  @Option(help: "The highest learning rate of the one-cycle schedule.") var lr = 3e-3
  @OptionGroup var output: RunOptions

  func validate() throws {
    try check(epochs, 1...100_000, "--epochs")
    guard lr > 0, lr <= 100 else { throw ValidationError("--lr \(lr) must be more than 0, at most 100") }
  }

  func run() throws {
    try reporting {
      let session = try TrainingSession(Recipe(options: options, output: output, epochs: epochs, rate: lr))
      try session.run()
    }
  }
}

/// Where a run goes.
struct RunOptions: ParsableArguments {
  @Option(help: "The run's folder.") var out: String
  @Flag(help: "Replace the run that --out holds.") var overwrite = false
  @Flag(help: "Go on with the run that --out holds; begin it if it has not saved anything yet.") var resume = false
  @Option(
    help: "Steps between two writings of last.state; unless given, as often as costs little time.")
  var saveEvery: Int?

  func validate() throws {
    if let saveEvery { try check(saveEvery, 1...1_000_000_000, "--save-every") }
    guard !(overwrite && resume) else { throw ValidationError("--overwrite and --resume: one or the other") }
  }
}

/// Everything one run of training is told.
struct Recipe {
  var options: TrainingOptions
  var output: RunOptions
  var epochs: Int
  var rate: Double
}
