import ArgumentParser
import Foundation
import Datasets
import ModelGraph
import Reports
import Text
import Training

struct FindRateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "find-lr",
    abstract: "Learning rate range test: trains for a hundred steps with a growing rate and records the loss.",
    discussion: """
      The rate grows exponentially from 1e-7 to 10; the search ends early when the smoothed loss is four times the best. \
      The trained weights are discarded. Prints three suggestions (valley, steepest descent, minimum ÷ 10) and writes \
      the plot. `giemsa train --lr auto` runs the same search and uses the valley.
      """)

  @OptionGroup var options: TrainingOptions
  @Option(help: "The plot to write (SVG).") var out = "find-lr.svg"
  @Option(help: "The first rate.") var startLr = 1e-7
  @Option(help: "The last rate.") var endLr = 10.0
  @Option(help: "Number of steps.") var steps = 100

  func validate() throws {
    guard startLr > 0, endLr > startLr, endLr <= 1000 else {
      throw ValidationError("--start-lr \(startLr) and --end-lr \(endLr): the second must be the larger, both positive")
    }
    try check(steps, 20...100_000, "--steps")
  }

  func run() throws {
    try reporting {
      let bench = try TrainingBench(options)
      try checkWritable(out)
      let network = try bench.network()
      bench.describe("\(steps) steps", network)
      let search = try bench.search(network, RateSearch(from: startLr, to: endLr, steps: steps))
      let found = try RateFinding(search)
      try writeText(found.plot.svg, to: out)
      Console.write(found.text)
      Console.out(
        "\(out): plot written; next: giemsa train \(options.data) --lr \(RatePlot.text(found.valley)) ...".printable)
    }
  }
}

/// The result of a range test.
struct RateFinding {
  let search: RateSearch
  let suggestions: RateSearch.Suggestions

  var valley: Double { suggestions.valley }

  init(_ search: RateSearch) throws {
    guard let suggestions = search.suggestions else {
      throw CommonFailure(
        "the loss was not a number or exploded after \(counted(search.points.count, "step")), so there is no suggestion; "
          + "check the data")
    }
    self.search = search
    self.suggestions = suggestions
  }

  private var marks: [(name: String, rate: Double)] {
    [("valley", suggestions.valley), ("steepest", suggestions.steepest), ("minimum ÷ 10", suggestions.minimum)]
  }

  var plot: RatePlot {
    RatePlot(
      rates: search.points.map { $0.rate }, losses: search.points.map { $0.loss },
      smooth: search.points.map { $0.smooth }, marks: marks)
  }

  var text: String {
    marks.map { $0.name + String(repeating: " ", count: 14 - $0.name.count) + RatePlot.text($0.rate) + "\n" }.joined()
  }
}

extension TrainingBench {
  /// Runs the range test and then restores the network's state.
  func search(_ network: TrainingNetwork, _ plan: RateSearch = RateSearch()) throws -> RateSearch {
    let before = try network.state()
    let interruption = Interruption(listens: ranks == nil)
    let progress = StageProgress()
    var search = plan
    var epoch = 0
    var goesOn = trainLoader.batchesPerEpoch > 0
    while goesOn {
      trainLoader.start(epoch: epoch)
      while goesOn, let next = try trainLoader.next() {
        let rate = Float(search.rate(search.points.count))
        do {
          let loss = try network.step(
            images: next.images, targets: targets(next), optimizer: optimizer,
            rates: [Float](repeating: rate, count: LayerGroups.count), momentum: 0.9)
          goesOn = search.note(loss: Double(loss))
        } catch {
          // A loss that is not a number ends the search.
          guard case TrainingError.lossNotFinite? = error as? TrainingError else { throw error }
          goesOn = false
        }
        progress.update("find-lr", search.points.count, search.steps)
        if interruption.isAsked {
          progress.erase()
          throw ExitCode(130)
        }
      }
      epoch += 1
    }
    progress.erase()
    try network.restore(before)
    return search
  }

  /// The training targets of a batch.
  func targets(_ batch: Batch) -> Targets {
    var targets = Targets(batch.labels)
    targets.partners = batch.partners
    targets.shares = batch.shares
    targets.smoothing = Float(options.labelSmoothing)
    targets.classWeights = classWeights.map { Float($0) }
    return targets
  }
}

/// Writes a text file; errors begin with its path.
func writeText(_ text: String, to path: String) throws { try writeFile(Data(text.utf8), to: path) }
