import Foundation
import Training

/// The state of a training run before its first step.
struct Prepared {
  let bench: TrainingBench
  let folder: RunFolder
  let network: TrainingNetwork
  private(set) var progress: RunProgress
  private(set) var isResumed: Bool

  /// Finds every error before training starts. In distributed training only rank 0 looks at the run's folder.
  init(_ recipe: Recipe, _ ranks: MPIRanks?) throws {
    bench = try TrainingBench(recipe.options, ranks: ranks)
    let rates = recipe.rate.rates ?? [Double](repeating: 0, count: LayerGroups.count)
    var settings = bench.settings(epochs: recipe.epochs, rates: rates, choice: recipe.rate)
    settings.climb = recipe.climb
    settings.startDivisor = recipe.startDivisor
    settings.patience = recipe.patience
    progress = RunProgress(settings: settings, pictures: bench.fingerprint)

    let (out, output) = (recipe.output.folder, recipe.output)
    if let ranks, ranks.rank > 0 {
      folder = RunFolder(path: out)
      network = try bench.network()
      isResumed = false
      return
    }
    folder = try RunFolder.make(out, in: output.out, overwrite: output.overwrite, resume: output.resume)
    var state = output.resume ? try folder.state() : nil
    if let state {
      let saved = try folder.progress(in: state)
      if let difference = try saved.difference(to: settings, pictures: progress.pictures) {
        throw CommandFailure("\(out): \(difference); --resume needs the same settings. Or name another --out")
      }
      progress = saved
      progress.settings.positive = settings.positive
    }
    isResumed = state != nil
    do {
      network = try bench.network()
      let pixels = ContentHash.hex(RunFolder.bytes(of: bench.pictures))
      if isResumed, pixels != progress.pixels {
        let changed = folder.firstChange(bench.pictures, hash: progress.pixels) ?? "one or more of the pictures"
        throw CommandFailure(
          "\(out): was started with other pixels in \(changed); --resume needs the same pictures. Or name another --out"
        )
      }
      progress.pixels = pixels
      if let bytes = state {
        do {
          try network.restore(bytes, for: bench.optimizer)
        } catch {
          throw CommandFailure("\(out)/last.state: \(error)")
        }
        guard progress.isConsistent(steps: network.stepCount, ofEpoch: bench.trainLoader.batchesPerEpoch) else {
          throw CommandFailure(
            "\(out)/last.state: its epochs and steps contradict each other; begin again with --overwrite")
        }
        state = nil
      }
    } catch {
      folder.removeIfEmpty()
      throw error
    }
    folder.clearUnfinished()
  }

  /// Before the first step of distributed training: checks that all ranks train the same run, and sends them rank 0's
  /// weights and progress.
  mutating func meet(_ ranks: MPIRanks) throws {
    let own = RankIntroduction(
      progress: progress, isResumed: isResumed, pictures: bench.pictures.map { $0.line }.fingerprint,
      instructionSet: network.instructionSet)
    let first = ranks.broadcast(ranks.rank == 0 ? Array(try JSONEncoder().encode(own)) : [])
    let state = ranks.broadcast(ranks.rank == 0 ? try network.state() : [])
    if ranks.isBroken { throw RankLost() }
    var failure: (any Error)?
    if ranks.rank > 0 {
      do {
        let first = try JSONDecoder().decode(RankIntroduction.self, from: Data(first))
        if let difference = try own.difference(toFirst: first) { throw CommandFailure(difference) }
        try network.restore(state)
        (progress, isResumed) = (first.progress, first.isResumed)
      } catch { failure = error }
    }
    try ranks.settle(failure)
  }
}
