import Foundation
import Text
import Training

/// A session on several ranks: comparing them, and saving after one is lost.
extension TrainingSession {
  /// Checks that all ranks have the same weights. They do unless a processor or a library computes differently.
  func compareRanks() throws {
    guard let ranks, ranks.count > 1 else { return }
    let own = network.fingerprint
    // Two halves: a double holds 53 bits exactly.
    let halves = [Double(own >> 32), Double(own & 0xFFFF_FFFF)]
    var sums = ranks.rank == 0 ? halves : [0, 0]
    ranks.sum(&sums)
    var differing = [sums == halves ? 0 : 1.0]
    ranks.sum(&differing)
    if ranks.isBroken { throw RankLost() }
    guard differing[0] == 0 else {
      throw CommonFailure("the ranks have come to different weights: do they run the same giemsa on like processors?")
    }
  }

  /// After another rank was lost: one of the remaining ranks saves the common state, and the program ends.
  ///
  /// The step in progress has no effect: ``TrainingNetwork`` changes nothing before a step is complete. mpirun leaves little
  /// time, by default one second: the state is written first, without waiting for the disk.
  ///
  /// Called while the training thread is between two steps or waits for other ranks within one.
  func rescue() -> Never {
    guard let ranks else { _exit(1) }
    guard ranks.isKeeper else {
      // If mpirun does not end the ranks, wait for the rank that saves before aborting them all.
      if ranks.loss != .told, ranks.loss != .orphaned { sleep(60) }
      ranks.endAfterLoss()
    }
    line.erase()
    let place = "\(ranks.lossText) in epoch \(progress.epoch) after \(counted(network.stepCount, "step"))"
    do {
      if isFirst, hasTrained { clearOnce() }
      // Rank 0 may have saved before it ended.
      if hasTrained, isFirst || !folder.hasState(since: stepDate) {
        try folder.write(state: network, progress, isUrgent: true)
      }
      let saved = hasTrained || hasCleared
      complainAsRank(
        "giemsa: \(place); "
          + (saved ? "saved in \(out) (go on: the same command with --resume)" : "there was nothing to save yet"))
      if saved {
        folder.flushState()
        try saveLast()
      }
    } catch {
      complainAsRank("giemsa: \(place), and then: \(error)")
    }
    ranks.endAfterLoss()
  }
}
