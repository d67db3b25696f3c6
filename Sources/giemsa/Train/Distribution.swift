import ArgumentParser
import Foundation
import Training

/// A failure that all ranks meet in the same moment, and the first one tells.
struct CommonFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// What ranks must have in common before they train together.
struct RankIntroduction: Codable {
  var progress: RunProgress
  /// Whether the run goes on from what was saved; only the first knows.
  var isResumed: Bool
  /// Of the pictures' pixels.
  var pictures: String
  var instructionSet: String

  /// What is wrong with this rank beside the first; nil: nothing.
  func difference(toFirst first: RankIntroduction) throws -> String? {
    if let difference = try first.progress.difference(to: progress.settings, pictures: progress.pictures) {
      return "rank 0 \(difference)"
    }
    if pictures != first.pictures { return "has pictures that are not rank 0's, under the same names" }
    guard instructionSet == first.instructionSet else {
      return "computes by \(instructionSet), rank 0 by \(first.instructionSet); make all alike by GIEMSA_ISA, as in "
        + "mpirun -x GIEMSA_ISA=avx2"
    }
    return nil
  }
}

/// `--distributed`.
enum Distribution {
  static let advice =
    "--distributed: this giemsa was built without MPI; tools/install-packages --mpi, then "
    + "swift build -c release --traits MPI --product giemsa"

  /// Runs `body` as one of the ranks.
  static func each(patience: Double, _ body: (MPIRanks) throws -> Void) throws {
    guard let ranks = MPIRanks(patience: patience, rescue: { _exit(1) }) else {
      throw CommandFailure("MPI does not start")
    }
    ranks.rescue = { [unowned ranks] in
      if ranks.isKeeper { complainAsRank("giemsa: \(ranks.lossText) before training began") }
      ranks.endAfterLoss()
    }
    do {
      try body(ranks)
      ranks.end()
    } catch {
      if ranks.isBroken { ranks.awaitRescue() }
      guard error is CommonFailure || error is ExitCode else {
        // The other ranks do not know of the failure and would wait: abort them all.
        complainAsRank("giemsa: \(ranks.name)\(error)")
        ranks.abort(1)
      }
      ranks.end()
      throw error
    }
  }
}

extension MPIRanks {
  /// For messages: nothing for rank 0.
  var name: String { rank == 0 ? "" : "rank \(rank) on \(host): " }

  /// Goes on if all ranks are well; else the first that is not says why, and all end.
  func settle(_ failure: (any Error)?) throws {
    var failures = [Double](repeating: 0, count: count)
    failures[rank] = failure == nil ? 0 : 1
    sum(&failures)
    if isBroken { throw RankLost() }
    guard let first = failures.firstIndex(where: { $0 > 0 }) else { return }
    if first == rank, let failure { complainAsRank("giemsa: \(name)\(failure)") }
    throw ExitCode(1)
  }

  /// Ends this process, and those that may not know of the loss.
  func endAfterLoss() -> Never {
    switch loss {
    case .told, .orphaned: _exit(1)
    default: abort(1)
    }
  }

  /// In words, after a loss.
  var lossText: String {
    if let goneRank { return "rank \(goneRank) died" }
    switch loss {
    case .silent: return "a rank gave no answer for too long"
    case .failed(let text): return "a rank is lost (\(text))"
    case .orphaned: return "mpirun is gone"
    case .told, nil: return "mpirun ended the run (a rank on another machine died, or somebody stopped it)"
    }
  }
}
