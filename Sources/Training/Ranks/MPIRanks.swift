import Foundation
import MessagePassing

/// The ranks that mpirun started. A process has at most one object of this class and uses it on one thread.
public final class MPIRanks: Ranks {
  /// Why a run cannot go on.
  public enum Loss: Sendable, Equatable {
    /// mpirun ends the run, because a rank died or somebody stopped it.
    case told
    /// mpirun is gone.
    case orphaned
    /// Another rank did not answer in time.
    case silent
    /// MPI reported an error; its own text.
    case failed(String)
  }

  public private(set) var rank = 0
  public private(set) var count = 1
  /// Ranks on this machine.
  public private(set) var localCount = 1
  /// Called after a loss, on a thread of its own, while the training thread waits in a call of this class.
  public var rescue: () -> Never
  public let host = ProcessInfo.processInfo.hostName

  /// Whether this program was built with MPI.
  public static var isAvailable: Bool { mp_available() != 0 }

  /// nil if MPI is missing or does not start.
  ///
  /// - Parameters:
  ///   - patience: seconds after which a rank that does not answer is lost.
  ///   - rescue: the first ``rescue``.
  public init?(patience: Double, rescue: @escaping () -> Never) {
    self.rescue = rescue
    guard MPIRanks.isAvailable else { return nil }
    // Retained for the life of the process.
    let context = Unmanaged.passRetained(self).toOpaque()
    let call: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
      if let context { Unmanaged<MPIRanks>.fromOpaque(context).takeUnretainedValue().rescue() }
    }
    guard mp_begin(patience, call, context) == 0 else { return nil }
    rank = Int(mp_rank())
    count = Int(mp_count())
    localCount = Int(mp_local_count())
  }

  /// Leaves the group when all ranks do.
  public func end() { mp_end() }

  /// After a loss: stops this thread, so that ``rescue`` runs.
  public func awaitRescue() -> Never { mp_await_rescue() }

  /// Ends all ranks at once.
  public func abort(_ status: Int32) -> Never { mp_abort(status) }

  public var isBroken: Bool { mp_loss() != MP_WHOLE }

  /// nil if no rank is lost.
  public var loss: Loss? {
    switch mp_loss() {
    case MP_TOLD: .told
    case MP_ORPHANED: .orphaned
    case MP_SILENT: .silent
    case MP_FAILED: .failed(String(cString: mp_failure()))
    default: nil
    }
  }

  /// After a loss: a rank of this machine whose process had ended by then.
  public var goneRank: Int? { mp_gone_rank() >= 0 ? Int(mp_gone_rank()) : nil }

  /// After a loss: whether this rank saves the state. It is the first rank left on rank 0's machine.
  public var isKeeper: Bool { mp_is_keeper() != 0 }

  public func sum(_ numbers: inout [Double]) {
    numbers.withUnsafeMutableBufferPointer { mp_sum($0.baseAddress, Int32($0.count)) }
  }

  public func beginSum(_ numbers: UnsafeMutableBufferPointer<Float>) {
    mp_start_sum(numbers.baseAddress, Int32(numbers.count))
  }

  public func poll() { mp_poll() }
  public func finishSums() { mp_finish_sums() }

  /// Returns rank 0's bytes on every rank. The argument of the others is ignored.
  public func broadcast(_ bytes: [UInt8]) -> [UInt8] {
    var size = [rank == 0 ? Double(bytes.count) : 0]
    sum(&size)
    guard !isBroken else { return bytes }
    var result = rank == 0 ? bytes : [UInt8](repeating: 0, count: Int(size[0]))
    result.withUnsafeMutableBytes { mp_broadcast($0.baseAddress, $0.count) }
    return result
  }
}
