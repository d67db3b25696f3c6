import Foundation
import MessagePassing

/// The ranks that mpirun started. A process has one of these at most, and uses it on one thread.
public final class MPIRanks: Ranks {
  /// Why a run cannot go on.
  public enum Loss: Sendable, Equatable {
    /// mpirun ends it, because a rank died or somebody stopped it.
    case told
    case orphaned
    case silent
    /// In MPI's words.
    case failed(String)
  }

  public private(set) var rank = 0
  public private(set) var count = 1
  /// Ranks on this machine.
  public private(set) var localCount = 1
  /// What to do after a loss, on a thread of its own, while the thread that trains stands still in a call of this class.
  public var rescue: () -> Never
  public let host = ProcessInfo.processInfo.hostName

  /// Whether this program was built with MPI.
  public static var isAvailable: Bool { mp_available() != 0 }

  /// nil where MPI is not there or does not start.
  ///
  /// - Parameters:
  ///   - patience: seconds after which a rank that gives no answer is lost.
  ///   - rescue: the first ``rescue``.
  public init?(patience: Double, rescue: @escaping () -> Never) {
    self.rescue = rescue
    guard MPIRanks.isAvailable else { return nil }
    // Alive as long as the process.
    let context = Unmanaged.passRetained(self).toOpaque()
    let call: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
      if let context { Unmanaged<MPIRanks>.fromOpaque(context).takeUnretainedValue().rescue() }
    }
    guard mp_begin(patience, call, context) == 0 else { return nil }
    rank = Int(mp_rank())
    count = Int(mp_count())
    localCount = Int(mp_local_count())
  }

  /// Leaves the others, once they all do.
  public func end() { mp_end() }

  /// After a loss: leaves everything to ``rescue``.
  public func awaitRescue() -> Never { mp_await_rescue() }

  /// Ends all ranks at once.
  public func abort(_ status: Int32) -> Never { mp_abort(status) }

  public var isBroken: Bool { mp_loss() != MP_WHOLE }

  /// nil: all is well.
  public var loss: Loss? {
    switch mp_loss() {
    case MP_TOLD: .told
    case MP_ORPHANED: .orphaned
    case MP_SILENT: .silent
    case MP_FAILED: .failed(String(cString: mp_failure()))
    default: nil
    }
  }

  /// After a loss: a rank of this machine that was gone by then.
  public var goneRank: Int? { mp_gone_rank() >= 0 ? Int(mp_gone_rank()) : nil }

  /// After a loss: whether this rank is the one to save, the first that is left on rank 0's machine.
  public var isKeeper: Bool { mp_is_keeper() != 0 }

  public func sum(_ numbers: inout [Double]) {
    numbers.withUnsafeMutableBufferPointer { mp_sum($0.baseAddress, Int32($0.count)) }
  }

  public func beginSum(_ numbers: UnsafeMutableBufferPointer<Float>) {
    mp_start_sum(numbers.baseAddress, Int32(numbers.count))
  }

  public func poll() { mp_poll() }
  public func finishSums() { mp_finish_sums() }

  /// Rank 0's bytes, on every rank. What the others hand in is not looked at.
  public func broadcast(_ bytes: [UInt8]) -> [UInt8] {
    var size = [rank == 0 ? Double(bytes.count) : 0]
    sum(&size)
    guard !isBroken else { return bytes }
    var result = rank == 0 ? bytes : [UInt8](repeating: 0, count: Int(size[0]))
    result.withUnsafeMutableBytes { mp_broadcast($0.baseAddress, $0.count) }
    return result
  }
}
