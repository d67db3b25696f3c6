import ArgumentParser
import Foundation
import Training

/// An error that occurs on all ranks at the same time and is printed by the first one.
struct CommonFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// What ranks compare before they train together.
struct RankIntroduction: Codable {
  var progress: RunProgress
  /// Whether the run is resumed; only rank 0 knows.
  var isResumed: Bool
  /// Fingerprint of the pictures' pixels.
  var pictures: String
  var instructionSet: String

  /// Describes how this rank differs from rank 0; nil if it does not.
  func difference(toFirst first: RankIntroduction) throws -> String? {
    if let difference = try first.progress.difference(to: progress.settings, pictures: progress.pictures) {
      return "rank 0 \(difference)"
    }
    if pictures != first.pictures { return "has pictures with the same names as rank 0's but other pixels" }
    guard instructionSet == first.instructionSet else {
      return
        "computes with \(instructionSet), rank 0 with \(first.instructionSet); make all ranks alike with GIEMSA_ISA, as in "
        + "mpirun -x GIEMSA_ISA=avx2"
    }
    return nil
  }
}

/// Support for `--distributed`.
enum Distribution {
  static let advice =
    "--distributed: Open MPI is not installed; install it (Debian: openmpi-bin), or name its libmpi.so.40 in the "
    + "environment variable GIEMSA_MPI"

  /// Runs `body` as one of the ranks.
  static func each(patience: Double, _ body: (MPIRanks) throws -> Void) throws {
    guard let ranks = MPIRanks(patience: patience, rescue: { _exit(1) }) else {
      throw CommandFailure("MPI cannot be started")
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
  /// Prefix for messages; empty for rank 0.
  var name: String { rank == 0 ? "" : "rank \(rank) on \(host): " }

  /// Returns if no rank has a failure. Otherwise the first rank that has one prints it, and all ranks exit.
  func settle(_ failure: (any Error)?) throws {
    var failures = [Double](repeating: 0, count: count)
    failures[rank] = failure == nil ? 0 : 1
    sum(&failures)
    if isBroken { throw RankLost() }
    guard let first = failures.firstIndex(where: { $0 > 0 }) else { return }
    if first == rank, let failure { complainAsRank("giemsa: \(name)\(failure)") }
    throw ExitCode(1)
  }

  /// Ends this process, and the ranks that may not have noticed the loss.
  func endAfterLoss() -> Never {
    switch loss {
    case .told, .orphaned: _exit(1)
    default: abort(1)
    }
  }

  /// Describes the loss of a rank.
  var lossText: String {
    if let goneRank { return "rank \(goneRank) died" }
    switch loss {
    case .silent: return "a rank did not answer in time"
    case .failed(let text): return "a rank is lost (\(text))"
    case .orphaned: return "mpirun has died"
    case .told, nil: return "mpirun ended the run (a rank on another machine died, or the run was stopped)"
    }
  }
}
